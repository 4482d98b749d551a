package Crypt::OpenPGP;

# Stand-in for tests, not the CPAN module: it loads, and dies when it is used.
use strict;
use warnings;
use Carp qw(croak);

our $VERSION = '1.12';

sub new {
  my ($class, %args) = @_;
  return bless {%args}, $class;
}

sub encrypt { croak 'stand-in: Crypt::OpenPGP cannot encrypt' }
sub decrypt { croak 'stand-in: Crypt::OpenPGP cannot decrypt' }
sub sign    { croak 'stand-in: Crypt::OpenPGP cannot sign' }
sub verify  { croak 'stand-in: Crypt::OpenPGP cannot verify' }

1;
