package Mojolicious::Plugin::OAuth2::Server;

# Stand-in for tests, not the CPAN module. The `oauth` helper checks a bearer
# token with the application's callback; authorizing a client and handing out
# tokens is not there and says so.
use Mojo::Base 'Mojolicious::Plugin';

our $VERSION = '0.44';

sub register {
  my ($self, $app, $config) = @_;
  $app->helper(oauth => sub { my ($c, @scopes) = @_; return _token($config, $c, @scopes) });
  $app->routes->get($config->{authorize_route} // '/oauth/authorize')->to(cb => \&_refuse);
  $app->routes->post($config->{access_token_route} // '/oauth/access_token')->to(cb => \&_refuse);
  return $self;
}

sub _token {
  my ($config, $c, @scopes) = @_;
  my $header = $c->req->headers->authorization // '';
  my ($token) = $header =~ /\ABearer\s+(\S+)\z/i or return undef;
  my $verify = $config->{verify_access_token} or return undef;
  my ($claims) = $verify->(
    mojo_controller  => $c,
    access_token     => $token,
    scopes           => \@scopes,
    is_refresh_token => 0,
  );
  return $claims || undef;
}

sub _refuse {
  my ($c) = @_;
  $c->render(status => 501, json => {error => 'stand-in: no OAuth2 authorization server here'});
  return;
}

1;
