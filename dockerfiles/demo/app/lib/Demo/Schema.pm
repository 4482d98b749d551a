package Demo::Schema;

# The tables, and what is in them from the first run on.
use Mojo::Base -strict, -signatures;

use constant VERSION => 1;

my @TABLES = (
  schema_version => 'version INT NOT NULL PRIMARY KEY',
  server_starts  => 'id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME NOT NULL',
  users          => 'id INT AUTO_INCREMENT PRIMARY KEY, login VARCHAR(190) NOT NULL UNIQUE,
                     password VARCHAR(190) NOT NULL, real_name VARCHAR(190) NOT NULL',
  api_keys       => 'hash CHAR(64) NOT NULL PRIMARY KEY, user_id INT NOT NULL,
                     FOREIGN KEY (user_id) REFERENCES users (id)',
  tokens         => 'hash CHAR(64) NOT NULL PRIMARY KEY, user_id INT NOT NULL,
                     FOREIGN KEY (user_id) REFERENCES users (id)',
  components     => 'id INT AUTO_INCREMENT PRIMARY KEY, product VARCHAR(90) NOT NULL,
                     name VARCHAR(90) NOT NULL, UNIQUE (product, name)',
  bugs           => "id INT AUTO_INCREMENT PRIMARY KEY, component_id INT NOT NULL,
                     summary VARCHAR(255) NOT NULL, version VARCHAR(64) NOT NULL,
                     severity VARCHAR(64) NOT NULL, priority VARCHAR(64) NOT NULL,
                     op_sys VARCHAR(64) NOT NULL, platform VARCHAR(64) NOT NULL,
                     status VARCHAR(64) NOT NULL DEFAULT 'NEW', resolution VARCHAR(64) NOT NULL DEFAULT '',
                     creator INT NOT NULL, created DATETIME NOT NULL, changed DATETIME NOT NULL,
                     FOREIGN KEY (component_id) REFERENCES components (id),
                     FOREIGN KEY (creator) REFERENCES users (id)",
  comments       => 'id INT AUTO_INCREMENT PRIMARY KEY, bug_id INT NOT NULL, author INT NOT NULL,
                     created DATETIME NOT NULL, text MEDIUMTEXT NOT NULL,
                     FOREIGN KEY (bug_id) REFERENCES bugs (id), FOREIGN KEY (author) REFERENCES users (id)',
);

my @COMPONENTS = (['TestProduct', 'TestComponent'], ['Demo', 'Database'], ['Demo', 'Pages']);

# create makes what is not there yet, and says so.
sub create ($dbh) {
  my @tables = @TABLES;
  while (my ($name, $columns) = splice @tables, 0, 2) {
    say "table $name";
    $dbh->do("CREATE TABLE IF NOT EXISTS $name ($columns) DEFAULT CHARACTER SET utf8mb4");
  }
  for my $component (@COMPONENTS) {
    say "component $component->[1] of $component->[0]";
    $dbh->do('INSERT IGNORE INTO components (product, name) VALUES (?, ?)', {}, @$component);
  }
  $dbh->do('REPLACE INTO schema_version (version) VALUES (?)', {}, VERSION);
}

1;
