package Demo::Controller::Health;

# What a load balancer asks.
use Mojo::Base 'Mojolicious::Controller', -signatures;

sub alive ($self) { $self->render(text => "OK\n") }

sub database ($self) {
  my $ok = eval { $self->store->check; 1 };
  $self->log->error($@) unless $ok;
  $self->render(json => {database => $ok ? \1 : \0}, status => $ok ? 200 : 500);
}

1;
