package Demo::Bugs;

# Bugs in the tables, and in the shape that the REST interface gives them.
use Mojo::Base -base, -signatures;

has 'dbh';

my $SELECT = q{
  SELECT b.*, c.product, c.name AS component, u.login, u.real_name,
    DATE_FORMAT(b.created, '%Y-%m-%dT%TZ') AS creation_time,
    DATE_FORMAT(b.changed, '%Y-%m-%dT%TZ') AS last_change_time
  FROM bugs b JOIN components c ON c.id = b.component_id JOIN users u ON u.id = b.creator
};

# create USER, FIELDS: the new bug's number.
sub create ($self, $user, $new) {
  my $dbh = $self->dbh;
  $dbh->begin_work;
  my $id = eval { my $id = $self->_insert($user, $new); $dbh->commit; $id };
  return $id if $id;
  my $why = $@;
  eval { $dbh->rollback };
  die $why;
}

sub _insert ($self, $user, $new) {
  my $dbh = $self->dbh;
  $dbh->do(
    'INSERT INTO bugs (component_id, summary, version, severity, priority, op_sys, platform, creator, created, changed)
     SELECT id, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM components WHERE product = ? AND name = ?',
    {}, $new->@{qw(summary version severity priority op_sys platform)}, $user->{id}, $new->@{qw(product component)}
  );
  my $id = $dbh->last_insert_id;
  $dbh->do('INSERT INTO comments (bug_id, author, created, text) VALUES (?, ?, UTC_TIMESTAMP(), ?)',
    {}, $id, $user->{id}, $new->{description});
  return $id;
}

# components PRODUCT: their names, none for an unknown product.
sub components ($self, $product) {
  return $self->dbh->selectcol_arrayref('SELECT name FROM components WHERE product = ?', {}, $product)->@*;
}

sub get ($self, $id) {
  my $row = $self->dbh->selectrow_hashref("$SELECT WHERE b.id = ?", {}, $id) or return;
  return _shape($row);
}

# list COUNT: the latest bugs, the newest first.
sub list ($self, $count) {
  my $rows = $self->dbh->selectall_arrayref("$SELECT ORDER BY b.id DESC LIMIT ?", {Slice => {}}, $count);
  return map { _shape($_) } @$rows;
}

sub comments ($self, $id) {
  my $rows = $self->dbh->selectall_arrayref(
    q{SELECT m.id, m.text, u.login AS creator, DATE_FORMAT(m.created, '%Y-%m-%dT%TZ') AS creation_time
      FROM comments m JOIN users u ON u.id = m.author WHERE m.bug_id = ? ORDER BY m.id}, {Slice => {}}, $id
  );
  my $count = 0;
  return map { {%$_, bug_id => $id + 0, id => $_->{id} + 0, count => $count++, time => $_->{creation_time}} } @$rows;
}

sub _shape ($row) {
  my $person = {id => $row->{creator} + 0, name => $row->{login}, email => $row->{login}, real_name => $row->{real_name}};
  return {
    (map { $_ => $row->{$_} } qw(summary product component version severity priority op_sys platform)),
    (map { $_ => $row->{$_} } qw(status resolution creation_time last_change_time)),
    id => $row->{id} + 0, alias => undef, url => '', whiteboard => '',
    is_open => $row->{resolution} eq '' ? \1 : \0,
    creator     => $row->{login}, creator_detail     => $person,
    assigned_to => $row->{login}, assigned_to_detail => $person,
    map { $_ => [] } qw(blocks cc depends_on groups keywords see_also),
  };
}

1;
