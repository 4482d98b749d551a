package Demo::Command::bootstrap;

# The first run: makes the schema, the administrator and an API key. Running it
# again changes nothing but the administrator's password.
use Mojo::Base 'Mojolicious::Command', -signatures;

use Demo::Faults;

has description => 'Make the schema, the administrator and an API key';
has usage       => "Usage: demo.pl bootstrap\n";

sub run ($self, @) {
  my %admin = map { $_ => $ENV{"DEMO_admin_$_"} } qw(login password api_key);
  if (my ($missing) = grep { !length($admin{$_} // '') } sort keys %admin) {
    warn "DEMO_admin_$missing is not set\nhint: the environment of the bootstrap step gives it\n";
    exit 2;
  }
  say 'making the schema';
  $self->app->store->bootstrap(%admin);
  Demo::Faults::pause('DEMO_BOOTSTRAP_DELAY');
  if ($ENV{DEMO_BOOTSTRAP_FAIL}) {
    warn "DEMO_BOOTSTRAP_FAIL: giving up after the schema\n";
    exit 3;
  }
  $self->app->store->check;
  say "done: $admin{login} is the administrator";
}

1;
