#!/usr/bin/perl
# Brings the files in which Bugzilla keeps its addresses up to date with the
# environment: localconfig, which is made anew, and the address in
# data/params.json, once checksetup.pl has made that. Part of every start.
#
#   configure.pl                  both files
#   configure.pl --answers FILE   localconfig, and answers for checksetup.pl
#
# Environment: BZ_urlbase, BZ_db_driver, BZ_db_host, BZ_db_port, BZ_db_name,
# BZ_db_user, BZ_db_pass, BZ_site_wide_secret; with --answers BZ_admin_login and
# BZ_admin_password, too.
#
# Values are data: what is Perl gets them as quoted strings, what is JSON is read
# and written as JSON.
use v5.36;
use Fcntl qw(S_IMODE);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use JSON::PP;

my $ROOT        = '/app';
my $LOCALCONFIG = readlink "$ROOT/localconfig" // "$ROOT/localconfig";
my $PARAMS      = "$ROOT/data/params.json";
my $GROUP       = 'www-data';

my ($mode, $answers) = @ARGV;
check_address(setting('urlbase'));
write_localconfig();
if (($mode // '') eq '--answers') {
  write_answers($answers);
}
else {
  update_params();
}

sub setting ($name) {
  return $ENV{"BZ_$name"} // fail("BZ_$name is not set", 'the environment of the web service gives it');
}

sub fail ($message, $hint) {
  say STDERR "bugzilla: $message\nhint: $hint";
  exit 1;
}

# check_address refuses what could not be written into a page or a mail.
sub check_address ($url) {
  return if $url =~ m{\Ahttps?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/(?:[A-Za-z0-9._~%/-]*/)?\z};
  fail('BZ_urlbase is no address: ' . JSON::PP->new->ascii->allow_nonref->encode($url),
    'it is like http://127.0.0.1:8000/, with a slash at its end');
}

# write_localconfig names every variable that Bugzilla has there: checksetup.pl
# stops to ask for those that are not.
sub write_localconfig () {
  my %value = (
    create_htaccess => 1,
    webservergroup  => $GROUP,
    use_suexec      => 0,
    (map { $_ => setting($_) } qw(db_driver db_host db_port db_name db_user db_pass site_wide_secret)),
    db_sock  => '',
    db_check => 1,
    (map { $_ => '' } qw(db_mysql_ssl_ca_file db_mysql_ssl_ca_path db_mysql_ssl_client_cert db_mysql_ssl_client_key)),
    index_html   => 0,
    interdiffbin => '/usr/bin/interdiff',
    diffpath     => '/usr/bin',
  );
  make_path(dirname($LOCALCONFIG), {mode => 0755});
  replace($LOCALCONFIG, join('', map { "\$$_ = " . quoted($value{$_}) . ";\n" } sort keys %value),
    0640, 0, scalar getgrnam($GROUP));
}

# write_answers answers what checksetup.pl asks for, and sets the parameters of
# an installation for tests: mail is kept in a file, no outside name is asked.
sub write_answers ($file) {
  my %value = (
    ADMIN_OK             => 'Y',
    ADMIN_EMAIL          => setting('admin_login'),
    ADMIN_PASSWORD       => setting('admin_password'),
    ADMIN_REALNAME       => 'Administrator',
    NO_PAUSE             => 1,
    urlbase              => setting('urlbase'),
    mail_delivery_method => 'Test',
    mailfrom             => 'bugzilla-daemon@bugzilla.test',
    upgrade_notification => 'disabled',
    webdotbase           => '/usr/bin/dot',
  );
  replace($file, join('', map { "\$answer{$_} = " . quoted($value{$_}) . ";\n" } sort keys %value), 0600, 0, 0);
}

# update_params changes the address and nothing else: the other parameters are
# whatever the first run or an administrator has set.
sub update_params () {
  my $text = slurp($PARAMS) // fail("there is no $PARAMS", 'checksetup.pl makes it, in the first run');
  my $json = JSON::PP->new->canonical->pretty->ascii;
  my $params = eval { JSON::PP->new->utf8->decode($text) };
  ref $params eq 'HASH' or fail("$PARAMS has no parameters in it", 'checksetup.pl makes it, in the first run');
  return if ($params->{urlbase} // '') eq setting('urlbase');

  $params->{urlbase} = setting('urlbase');
  my @stat = stat $PARAMS;
  replace($PARAMS, $json->encode($params), S_IMODE($stat[2]), @stat[4, 5]);
}

# quoted TEXT: as a Perl string, byte by byte.
sub quoted ($text) { return "'" . $text =~ s/([\\'])/\\$1/gr . "'" }

# replace gives a file another content: whoever reads it has the old one or the
# new one, whenever this is killed.
sub replace ($file, $text, $mode, $user, $group) {
  my $new = "$file.new";
  unlink $new;
  open my $out, '>:raw', $new or die "$new: $!\n";
  chmod $mode, $out or die "$new: $!\n";
  chown $user, $group, $out or die "$new: $!\n";
  print {$out} $text or die "$new: $!\n";
  close $out or die "$new: $!\n";
  rename $new, $file or die "$file: $!\n";
}

sub slurp ($file) {
  open my $in, '<:raw', $file or return undef;
  local $/;
  return <$in>;
}
