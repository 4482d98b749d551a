package Demo::Controller::Pages;

# What a browser sees.
use Mojo::Base 'Mojolicious::Controller', -signatures;

use Demo::Bugs;
use Mojo::URL;

# canonical runs before every page: there is one address, that of DEMO_urlbase.
sub canonical ($self) {
  my $user = $self->session('user');
  $self->stash(user => $user ? $self->store->user(id => $user) : undef);
  return 1 if ($self->req->headers->host // '') eq $self->base->host_port;
  $self->redirect_to($self->link_abs($self->req->url->path_query =~ s{^/}{}r));
  return undef;
}

sub index ($self) { $self->render('pages/index', bugs => [$self->_bugs->list(50)]) }

sub login ($self) { $self->render('pages/login', error => '') }

sub sign_in ($self) {
  my $user = $self->store->verify($self->param('login'), $self->param('password'));
  return $self->render('pages/login', status => 401, error => 'The login or the password is not valid.') if !$user;
  $self->session(user => $user->{id});
  $self->redirect_to($self->link_abs);
}

sub bug ($self) {
  my $bug = $self->_bugs->get($self->param('id')) or return $self->reply->not_found;
  $self->render('pages/bug', bug => $bug, comments => [$self->_bugs->comments($bug->{id})]);
}

sub _bugs ($self) { Demo::Bugs->new(dbh => $self->store->dbh) }

1;
