package Demo::Faults;

# Failures on request. Each switch is an environment variable, empty for off:
#
#   DEMO_START_DELAY=SECONDS      listens that much later
#   DEMO_TCP_FIRST=SECONDS        accepts connections at once, answers none for so long
#   DEMO_ERROR_FIRST=SECONDS      answers every request with 500 for so long
#   DEMO_FAIL=STATUS              answers every request with this status
#   DEMO_EXIT_AFTER=SECONDS       dies with exit code 7 after so long
#   DEMO_IGNORE_TERM=1            ignores SIGTERM
#   DEMO_TERM_EXIT=CODE           exits with this code on SIGTERM
#   DEMO_BOOTSTRAP_DELAY=SECONDS  the first run takes so much longer
#   DEMO_BOOTSTRAP_FAIL=1         the first run stops half-way with exit code 3
#   DEMO_FAULTS_FROM=N            the server's own switches work from its Nth start on
#                                 one database: 2 spares the check after the first run
use Mojo::Base -strict, -signatures;

use Mojo::IOLoop;
use Time::HiRes qw(time);

# What a signal does until the server runs: see demo.pl.
my $EARLY = $SIG{TERM};

# Whether the switches are not to work yet.
my $spared;

sub install ($app) {
  my $listening;
  $app->hook(before_server_start => sub {
    $spared = $app->store->count_start < (_on('DEMO_FAULTS_FROM') || 0);
    _on_term();
    pause('DEMO_START_DELAY');
    $listening = time;
    Mojo::IOLoop->next_tick(\&_serving);
  });
  $app->hook(before_dispatch => sub ($c) {
    my $early  = time - ($listening // 0) < (_on('DEMO_ERROR_FIRST') || 0);
    my $status = _on('DEMO_FAIL') || ($early ? 500 : 0) or return;
    $c->render(text => "failing on request\n", status => $status);
  });
}

sub _on ($switch) { $spared ? undef : $ENV{$switch} }

# pause SWITCH: waits as long as the switch says, if it is on.
sub pause ($switch) {
  my $seconds = _on($switch) or return;
  local $SIG{TERM} = $EARLY unless _on('DEMO_IGNORE_TERM');
  say "$switch: waiting $seconds s";
  my $until = time + $seconds;

  # Unlike a sleep, a select ends at once when a signal comes.
  while ((my $left = $until - time) > 0) { select undef, undef, undef, $left }
}

# The loop runs: the port is open, and nothing is read before this returns.
sub _serving ($loop) {
  _on_term();
  pause('DEMO_TCP_FIRST');
  my $life = _on('DEMO_EXIT_AFTER') or return;
  $loop->timer($life => sub { say 'DEMO_EXIT_AFTER: exiting'; exit 7 });
}

# The server sets a handler of its own when it begins to run.
sub _on_term {
  if (_on('DEMO_IGNORE_TERM')) { $SIG{TERM} = 'IGNORE' }
  elsif (my $code = _on('DEMO_TERM_EXIT')) { $SIG{TERM} = sub { exit $code } }
}

1;
