package MojoX::Log::Log4perl;

# Stand-in for tests, not the CPAN module: Mojolicious' log, handed to Log4perl.
# A configuration file is read once and never watched.
use Mojo::Base 'Mojo::Log';
use Log::Log4perl;
use Log::Log4perl::Level ();

our $VERSION = '0.04';

sub new {
  my ($class, @args) = @_;
  my $config = @args % 2 ? shift @args : undef;
  my $self   = $class->SUPER::new(@args);
  Log::Log4perl->init($config) if defined $config;
  $self->unsubscribe('message')->on(message => \&_to_log4perl);
  return $self;
}

# Log4perl decides what is written, so everything reaches it.
has level => 'trace';

sub _to_log4perl {
  my ($self, $level, @lines) = @_;
  my $logger = Log::Log4perl->get_logger(__PACKAGE__);
  $logger->log(Log::Log4perl::Level::to_priority(uc $level), join ' ', @lines);
  return;
}

1;
