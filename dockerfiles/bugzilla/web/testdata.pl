#!/usr/bin/perl
# What tests want to find, made by Bugzilla's own code: a product, two users, and
# an API key for the administrator.
#
# Environment: BZ_admin_login, BZ_admin_password, BZ_admin_api_key.
use v5.14;
use warnings;
use lib '/app', '/app/lib';

use Bugzilla;
use Bugzilla::Component;
use Bugzilla::Constants;
use Bugzilla::Group;
use Bugzilla::Product;
use Bugzilla::User;
use Bugzilla::User::APIKey;

# The users other than the administrator, whose password they have: who reports bugs, and who is given them.
my %USERS = (
  'reporter@bugzilla.test'  => 'Reporter',
  'developer@bugzilla.test' => 'Developer',
);

Bugzilla->usage_mode(USAGE_MODE_CMDLINE);
Bugzilla->error_mode(ERROR_MODE_DIE);
my $admin = Bugzilla::User->check($ENV{BZ_admin_login});
Bugzilla->set_user($admin);

Bugzilla->dbh->bz_start_transaction;
add_key($admin, $ENV{BZ_admin_api_key});
for my $login (sort keys %USERS) {
  Bugzilla::User->create({login_name => $login, realname => $USERS{$login}, cryptpassword => $ENV{BZ_admin_password}});
}
add_to_group('editbugs', 'developer@bugzilla.test');
add_product();
Bugzilla->dbh->bz_commit_transaction;

# add_key gives a user a key that is known beforehand; Bugzilla makes random ones.
sub add_key {
  my ($user, $key) = @_;
  my $made = Bugzilla::User::APIKey->create({user_id => $user->id, description => 'for tests'});
  Bugzilla->dbh->do('UPDATE user_api_keys SET api_key = ? WHERE id = ?', undef, $key, $made->id);
}

sub add_to_group {
  my ($name, $login) = @_;
  my $group = Bugzilla::Group->check($name);
  Bugzilla->dbh->do('INSERT INTO user_group_map (user_id, group_id, isbless, grant_type) VALUES (?, ?, 0, ?)',
    undef, Bugzilla::User->check($login)->id, $group->id, GRANT_DIRECT);
}

sub add_product {
  my $product = Bugzilla::Product->create({
    name             => 'Sample',
    description      => 'A product for tests.',
    version          => 'unspecified',
    defaultmilestone => '---',
    allows_unconfirmed => 1,
  });
  Bugzilla::Component->create({
    name         => 'General',
    product      => $product,
    description  => 'A component for tests.',
    initialowner => 'developer@bugzilla.test',
  });
}
