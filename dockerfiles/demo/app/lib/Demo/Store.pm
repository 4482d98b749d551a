package Demo::Store;

# What the application knows: a thin layer over the tables in MySQL.
use Mojo::Base -base, -signatures;

use DBI;
use Demo::Schema;
use Digest::SHA qw(sha256_hex);

# dbh is a live connection: a lost one is replaced.
sub dbh ($self) {
  my %db  = map { $_ => $ENV{"DEMO_db_$_"} // '' } qw(host port name user pass);
  $db{port} ||= 3306;
  my $dsn = "dbi:mysql:host=$db{host};port=$db{port};database=$db{name}";
  return DBI->connect_cached($dsn, $db{user}, $db{pass},
    {RaiseError => 1, PrintError => 0, mysql_enable_utf8mb4 => 1, mysql_connect_timeout => 5});
}

# check dies when the database is not there or has not had its first run.
sub check ($self) {
  my $dbh = eval { $self->dbh } or die "the database does not answer: $DBI::errstr\n";
  return if eval { $dbh->selectrow_array('SELECT version FROM schema_version') };
  die "the database has no schema\nhint: `demo.pl bootstrap` makes it\n";
}

# count_start: how many servers have started on this database, this one included.
sub count_start ($self) {
  $self->dbh->do('INSERT INTO server_starts (at) VALUES (UTC_TIMESTAMP())');
  return $self->dbh->last_insert_id;
}

sub bootstrap ($self, %admin) {
  Demo::Schema::create($self->dbh);
  my $id = $self->_save_user($admin{login}, $admin{password}, 'Administrator');
  $self->dbh->do('REPLACE INTO api_keys (hash, user_id) VALUES (?, ?)', {}, sha256_hex($admin{api_key}), $id);
}

sub _save_user ($self, $login, $password, $real_name) {
  my $hash = crypt $password, '$6$' . random_hex(8) . '$';
  $self->dbh->do(
    'INSERT INTO users (login, password, real_name) VALUES (?, ?, ?)
     ON DUPLICATE KEY UPDATE password = VALUES(password)', {}, $login, $hash, $real_name
  );
  return $self->user(login => $login)->{id};
}

# user COLUMN, VALUE: a row, or nothing.
sub user ($self, $column, $value) {
  my %from = (
    id      => 'users u WHERE u.id = ?',
    login   => 'users u WHERE u.login = ?',
    api_key => 'users u JOIN api_keys k ON k.user_id = u.id WHERE k.hash = ?',
    token   => 'users u JOIN tokens t ON t.user_id = u.id WHERE t.hash = ?',
  );
  $value = sha256_hex($value) if $column eq 'api_key' || $column eq 'token';
  return $self->dbh->selectrow_hashref("SELECT u.* FROM $from{$column}", {}, $value);
}

# verify LOGIN, PASSWORD: the user, when the password is right.
sub verify ($self, $login, $password) {
  my $user = $self->user(login => $login // '') or return;
  return crypt($password // '', $user->{password}) eq $user->{password} ? $user : undef;
}

sub new_token ($self, $user) {
  my $token = "$user->{id}-" . random_hex(12);
  $self->dbh->do('INSERT INTO tokens (hash, user_id) VALUES (?, ?)', {}, sha256_hex($token), $user->{id});
  return $token;
}

sub drop_token ($self, $token) {
  $self->dbh->do('DELETE FROM tokens WHERE hash = ?', {}, sha256_hex($token));
}

# random_hex N: N bytes nobody guesses.
sub random_hex ($bytes) {
  open my $source, '<:raw', '/dev/urandom' or die "no random numbers: $!\n";
  read $source, my ($random), $bytes;
  return unpack 'H*', $random;
}

1;
