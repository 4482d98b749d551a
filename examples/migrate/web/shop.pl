#!/usr/bin/perl
# A shop with two migrations. When each ran is in the database.
use Mojolicious::Lite -signatures;
use DBI;
use Mojo::File qw(path);

my @migrations = (
    'CREATE TABLE product (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL)',
    'ALTER TABLE product ADD COLUMN added TIMESTAMP DEFAULT CURRENT_TIMESTAMP',
);

helper db => sub ($c) {
    state $password = path($ENV{DB_PASSWORD_FILE})->slurp =~ s/\n\z//r;
    DBI->connect_cached(
        "dbi:mysql:host=$ENV{DB_HOST};database=$ENV{DB_NAME}", $ENV{DB_USER}, $password,
        {RaiseError => 1, PrintError => 0, mysql_enable_utf8mb4 => 1});
};

get '/migrations' => sub ($c) {
    $c->render(json => $c->db->selectall_arrayref('SELECT number, ran FROM migration ORDER BY number', {Slice => {}}));
};

get '/products' => sub ($c) { $c->render(json => $c->db->selectcol_arrayref('SELECT name FROM product ORDER BY id')) };

post '/products' => sub ($c) {
    $c->db->do('INSERT INTO product (name) VALUES (?)', undef, $c->param('name'));
    $c->rendered(201);
};

if (@ARGV && $ARGV[0] eq 'migrate') {
    my $db = app->db;
    $db->do('CREATE TABLE IF NOT EXISTS migration (number INT PRIMARY KEY, ran TIMESTAMP(6))');
    my ($done) = $db->selectrow_array('SELECT COUNT(*) FROM migration');
    for my $number ($done + 1 .. @migrations) {
        $db->do($migrations[$number - 1]);
        $db->do('INSERT INTO migration VALUES (?, NOW(6))', undef, $number);
    }
    exit;
}

app->start;
