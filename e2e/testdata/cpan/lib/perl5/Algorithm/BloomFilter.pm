package Algorithm::BloomFilter;

# Stand-in for tests, not the CPAN module. The bit positions come from MD5, so
# what it serializes is not what the CPAN module reads.
use strict;
use warnings;
use Carp qw(croak);
use Digest::MD5 qw(md5);

our $VERSION = '0.02';

sub new {
  my ($class, $bits, $hashes) = @_;
  $bits   = int($bits);
  $hashes = int($hashes);
  croak 'a Bloom filter needs bits and hashes' if $bits < 1 || $hashes < 1;
  return bless {bits => $bits, hashes => $hashes, set => "\0" x (1 + $bits / 8)}, $class;
}

sub add {
  my ($self, @values) = @_;
  for my $value (@values) {
    vec($self->{set}, $_, 1) = 1 for $self->_positions($value);
  }
  return;
}

sub test {
  my ($self, $value) = @_;
  for ($self->_positions($value)) {
    return '' if !vec($self->{set}, $_, 1);
  }
  return 1;
}

sub serialize {
  my ($self) = @_;
  return pack 'N N a*', @$self{qw(bits hashes set)};
}

sub deserialize {
  my ($class, $string) = @_;
  my ($bits, $hashes, $set) = unpack 'N N a*', $string;
  my $self = $class->new($bits, $hashes);
  croak 'not a serialized filter' if length $set != length $self->{set};
  $self->{set} = $set;
  return $self;
}

sub _positions {
  my ($self, $value) = @_;
  utf8::encode($value) if utf8::is_utf8($value);
  my ($first, $step) = unpack 'N N', md5($value);
  return map { ($first + $_ * ($step | 1)) % $self->{bits} } 0 .. $self->{hashes} - 1;
}

1;
