#!/usr/bin/perl
# Notes: about the smallest application that has a database. All that it needs to know comes from the environment, and a
# link to itself is relative, so that the same image works at every address.
use Mojolicious::Lite -signatures;
use DBI;

helper db => sub ($c) {
    DBI->connect_cached(
        "dbi:mysql:host=$ENV{DB_HOST};database=$ENV{DB_NAME}", $ENV{DB_USER}, $ENV{DB_PASSWORD},
        {RaiseError => 1, PrintError => 0, mysql_enable_utf8mb4 => 1});
};

helper notes => sub ($c) {
    $c->db->selectall_arrayref('SELECT id, text FROM note ORDER BY id', {Slice => {}});
};

get '/version' => {json => {version => '1.0'}};

get '/notes' => sub ($c) { $c->render(json => $c->notes) };

get '/' => 'index';

post '/' => sub ($c) {
    my $text = $c->param('text') or return $c->render(text => "no text\n", status => 400);
    $c->db->do('INSERT INTO note (text) VALUES (?)', undef, $text);
    $c->redirect_to('/');
};

# The first run, which a snapshot saves all later ones.
if (@ARGV && $ARGV[0] eq 'setup') {
    app->db->do('CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT NOT NULL)');
    app->db->do('INSERT INTO note (text) VALUES (?)', undef, 'the first note');
    exit;
}

app->start;

__DATA__

@@ index.html.ep
<!DOCTYPE html>
<title>Notes</title>
<h1>Notes</h1>
<ul>
% for my $note (@{notes()}) {
  <li><%= $note->{text} %></li>
% }
</ul>
<form method="post"><input name="text" autofocus> <button>Add</button></form>
