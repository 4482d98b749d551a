package Crypt::OpenPGP::Armour;

# Stand-in for tests, not the CPAN module: it loads, and dies when it is used.
use strict;
use warnings;
use Carp qw(croak);

sub armour   { croak 'stand-in: Crypt::OpenPGP::Armour cannot armour' }
sub unarmour { croak 'stand-in: Crypt::OpenPGP::Armour cannot unarmour' }

1;
