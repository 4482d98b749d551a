package PatchReader;

# Stand-in for tests, not the CPAN module: BMO asks for its version and uses a
# copy of the code that it brings along.
use strict;
use warnings;

our $VERSION = '0.9.6';

1;
