<?php
// Takes an upload, and lists what there is. nginx serves the files themselves.
const FOLDER = '/var/www/uploads';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $file = $_FILES['file'] ?? null;
    if ($file === null || $file['error'] !== UPLOAD_ERR_OK) {
        http_response_code(400);
        exit("no file\n");
    }
    $name = basename($file['name']);
    move_uploaded_file($file['tmp_name'], FOLDER . '/' . $name);
    http_response_code(201);
    exit("/uploads/$name\n");
}
?>
<!DOCTYPE html>
<title>Uploads</title>
<h1>Uploads</h1>
<ul>
<?php foreach (array_diff(scandir(FOLDER), ['.', '..']) as $name): ?>
  <li><a href="/uploads/<?= rawurlencode($name) ?>"><?= htmlspecialchars($name) ?></a></li>
<?php endforeach ?>
</ul>
<form method="post" enctype="multipart/form-data"><input type="file" name="file"> <button>Upload</button></form>
