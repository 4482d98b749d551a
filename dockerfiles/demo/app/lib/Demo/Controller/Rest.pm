package Demo::Controller::Rest;

# The REST interface: who asks, and logging in and out. Shapes and error codes
# are those of Bugzilla's public REST documentation.
use Mojo::Base 'Mojolicious::Controller', -signatures;

# identify runs before every REST action. A wrong key is an error everywhere,
# no key is one only where an action needs a user.
sub identify ($self) {
  my %given = (
    api_key => $self->req->headers->header('X-BUGZILLA-API-KEY') // $self->_param('api_key'),
    token   => $self->req->headers->header('X-BUGZILLA-TOKEN')   // $self->_param('token'),
  );
  if (defined $given{api_key}) {
    my $user = $self->store->user(api_key => $given{api_key}) or return $self->fail(306, 400, 'the API key is not valid');
    $self->stash(user => $user);
  }
  elsif (defined $given{token}) {
    my $user = $self->store->user(token => $given{token}) or return $self->fail(32000, 400, 'the token is not valid');
    $self->stash(user => $user, token => $given{token});
  }
  return 1;
}

sub version ($self) { $self->render(json => {version => $self->app->VERSION_TEXT}) }

sub login ($self) {
  my $json  = $self->req->json;
  my %given = map { $_ => ref $json eq 'HASH' ? $json->{$_} : $self->param($_) } qw(login password);
  return $self->fail(50, 400, 'login and password are needed') if grep { ref || !defined } values %given;
  my $user = $self->store->verify($given{login}, $given{password})
    or return $self->fail(300, 401, 'the login or the password is not valid');
  $self->render(json => {id => $user->{id} + 0, token => $self->store->new_token($user)});
}

sub logout ($self) {
  $self->store->drop_token($self->stash('token')) if $self->stash('token');
  $self->render(json => {});
}

sub whoami ($self) {
  my $user = $self->stash('user') or return $self->fail(410, 401, 'log in first');
  $self->render(json => {id => $user->{id} + 0, name => $user->{login}, real_name => $user->{real_name}});
}

sub unknown ($self) { $self->fail(32614, 404, 'no such resource: ' . $self->req->url->path) }

sub _param ($self, $name) { $self->param("Bugzilla_$name") // $self->param($name) }

1;
