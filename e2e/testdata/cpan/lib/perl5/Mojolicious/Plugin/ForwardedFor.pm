package Mojolicious::Plugin::ForwardedFor;

# Stand-in for tests, not the CPAN module: behind a reverse proxy the last entry
# of X-Forwarded-For is the client; entries before it are not looked at.
use Mojo::Base 'Mojolicious::Plugin';

our $VERSION = '0.01';

sub register {
  my ($self, $app) = @_;
  $app->helper(forwarded_for => \&_client);
  return $self;
}

sub _client {
  my ($c) = @_;
  my $remote = $c->tx->original_remote_address;
  return $remote if !$c->req->reverse_proxy;
  my ($last) = ($c->req->headers->header('X-Forwarded-For') // '') =~ /([^,\s]+)\s*\z/;
  return $last // $remote;
}

1;
