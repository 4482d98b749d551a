# A tracker of Bugzilla's shape, for the tests of the stack: mod_perl, settings in localconfig and data/params.json.
package Bugzilla;
use v5.36;
use DBI;
use JSON::PP;
use Safe;

my $ROOT = '/app';

sub localconfig () {
  my $safe = Safe->new;
  $safe->rdo("$ROOT/localconfig");
  die "localconfig: $@" if $@;
  return {map { $_ => ${$safe->varglob($_)} } qw(db_driver db_host db_port db_name db_user db_pass)};
}

sub params () { return decode_json(slurp("$ROOT/data/params.json")) }

sub dbh () {
  my $c = localconfig();
  return DBI->connect("dbi:$c->{db_driver}:host=$c->{db_host};port=$c->{db_port};database=$c->{db_name}",
    $c->{db_user}, $c->{db_pass}, {RaiseError => 1, PrintError => 0, mysql_enable_utf8mb4 => 1});
}

# create_bug keeps a bug, and the mail about it in a file.
sub create_bug ($summary) {
  my $dbh = dbh();
  $dbh->do('INSERT INTO bugs (summary) VALUES (?)', undef, $summary);
  my $id = $dbh->selectrow_array('SELECT LAST_INSERT_ID()');
  open my $mail, '>>', "$ROOT/data/mailer.testfile" or die "mailer.testfile: $!";
  print {$mail} "Subject: [Bug $id] $summary\n\n" . url("show_bug.cgi?id=$id") . "\n";
  close $mail or die "mailer.testfile: $!";
  return $id;
}

sub summary ($id) { return scalar dbh()->selectrow_array('SELECT summary FROM bugs WHERE id = ?', undef, $id) }

sub url ($path = '') { return params()->{urlbase} . $path }

sub slurp ($file) {
  open my $in, '<', $file or die "$file: $!";
  local $/;
  return <$in>;
}

1;
