package Demo;

# The application: its routes, and what its pages and answers share.
use Mojo::Base 'Mojolicious', -signatures;

use Demo::Faults;
use Demo::Store;
use Mojo::URL;

use constant VERSION_TEXT => '1.0';

has store => sub { Demo::Store->new };

sub startup ($self) {
  $self->mode('production') unless $ENV{MOJO_MODE};
  $self->log->level('info');
  $self->secrets([$ENV{DEMO_site_wide_secret} || Demo::Store::random_hex(20)]);
  $self->sessions->cookie_name('demo');
  push $self->commands->namespaces->@*, 'Demo::Command';

  $self->hook(before_server_start => \&_start);
  $self->hook(after_dispatch      => \&_log);
  Demo::Faults::install($self);
  _helpers($self);
  _routes($self->routes);
}

# Neither a missing database nor a missing first run goes away by itself later.
sub _start ($server, $app) {
  $server->silent(1);    # the address that it would print is the container's
  $app->log->info('starting at ' . ($ENV{DEMO_urlbase} || 'no fixed address'));
  return if eval { $app->store->check; 1 };
  warn $@;
  exit 1;
}

sub _log ($c) {
  $c->app->log->info(join ' ', $c->req->method, $c->req->url->path, $c->res->code // '-');
}

sub _routes ($r) {
  $r->get('/__lbheartbeat__')->to('health#alive');
  $r->get('/__heartbeat__')->to('health#database');

  my $rest = $r->under('/rest')->to('rest#identify');
  $rest->get('/version')->to('rest#version');
  $rest->any(['GET', 'POST'] => '/login')->to('rest#login');
  $rest->get('/logout')->to('rest#logout');
  $rest->get('/whoami')->to('rest#whoami');
  $rest->post('/bug')->to('bugs#create');
  $rest->get('/bug')->to('bugs#list');
  $rest->get('/bug/<id:num>')->to('bugs#get');
  $rest->get('/bug/<id:num>/comment')->to('bugs#comments');
  $rest->any('/*whatever' => {whatever => ''})->to('rest#unknown');

  my $page = $r->under('/')->to('pages#canonical');
  $page->get('/')->to('pages#index');
  $page->get('/login')->to('pages#login');
  $page->post('/login')->to('pages#sign_in');
  $page->get('/bug/<id:num>')->to('pages#bug');
}

sub _helpers ($app) {
  $app->helper(store => sub ($c) { $c->app->store });

  # base, link_abs PATH: the application's address, and an absolute link below it.
  $app->helper(base => sub ($c) {
    my $url = $ENV{DEMO_urlbase} || $c->req->url->base->to_string;
    return Mojo::URL->new($url =~ s{/*$}{/}r);
  });
  $app->helper(link_abs => sub ($c, $path = '') { Mojo::URL->new($path)->to_abs($c->base) });

  # fail CODE, STATUS, MESSAGE: an error as the REST interface words it.
  $app->helper(fail => sub ($c, $code, $status, $message) {
    $c->render(status => $status, json => {error => \1, code => $code, message => $message});
    return undef;
  });
  $app->helper('reply.not_found' => sub ($c) { $c->render(text => "Not found.\n", status => 404) });
  $app->helper('reply.exception' => sub ($c, $error) {
    $c->app->log->error($error);
    return $c->fail(100500, 500, 'something failed here, the log says what');
  });
}

1;
