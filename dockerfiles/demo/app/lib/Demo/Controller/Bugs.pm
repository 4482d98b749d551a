package Demo::Controller::Bugs;

# Bugs by REST.
use Mojo::Base 'Mojolicious::Controller', -signatures;

use Demo::Bugs;

# The fields of a new bug: what each is unless given, undef where it has to be.
my %FIELDS = (
  product => undef, component => undef, version => undef, summary => undef,
  severity => 'normal', priority => '--', op_sys => 'Unspecified', platform => 'Unspecified',
  description => '',
);
my %LONGEST = (summary => 255, description => 65535);

sub create ($self) {
  my $user = $self->stash('user') or return $self->fail(410, 401, 'log in first');
  my $json = $self->req->json;
  return $self->fail(32000, 400, 'the body is not a JSON object') if ref $json ne 'HASH';
  my %new = map { $_ => $json->{$_} // $FIELDS{$_} } keys %FIELDS;
  my $wrong = $self->_wrong(\%new);
  return $self->fail(@$wrong) if $wrong;
  $self->render(json => {id => $self->_bugs->create($user, \%new) + 0});
}

# _wrong FIELDS: the error in them, if there is one.
sub _wrong ($self, $new) {
  for my $name (sort keys %FIELDS) {
    my $value = $new->{$name};
    return [50, 400, "$name is needed"]         if !length($value // '') && !defined $FIELDS{$name};
    return [52, 400, "$name is not a string"]   if ref $value;
    return [104, 400, "the $name is too long"]  if length $value > ($LONGEST{$name} // 64);
  }
  my @components = $self->_bugs->components($new->{product})
    or return [106, 401, "there is no product '$new->{product}'"];
  return undef if grep { $_ eq $new->{component} } @components;
  return [105, 400, "there is no component '$new->{component}' in $new->{product}"];
}

sub get ($self) {
  my $bug = $self->_bugs->get($self->param('id')) or return $self->_missing;
  $self->render(json => {bugs => [$bug], faults => []});
}

sub list ($self) {
  my $limit = $self->param('limit') // 100;
  return $self->fail(53, 400, 'limit is not a number') if $limit !~ /^[0-9]{1,6}$/;
  $self->render(json => {bugs => [$self->_bugs->list($limit)]});
}

sub comments ($self) {
  my $id = $self->param('id');
  my @comments = $self->_bugs->comments($id) or return $self->_missing;
  $self->render(json => {bugs => {$id => {comments => \@comments}}, comments => {}});
}

sub _bugs ($self) { Demo::Bugs->new(dbh => $self->store->dbh) }

sub _missing ($self) { $self->fail(101, 404, 'bug ' . $self->param('id') . ' does not exist') }

1;
