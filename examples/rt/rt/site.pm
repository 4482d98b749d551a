# All that differs from one place to another comes from the environment.
Set($rtname, 'example');
Set($Organization, 'example');

Set($WebDomain, $ENV{RT_WEB_DOMAIN});
Set($WebPort, $ENV{RT_WEB_PORT});
Set($WebBaseURL, "http://$ENV{RT_WEB_DOMAIN}:$ENV{RT_WEB_PORT}");
Set($WebPath, '');
# The port that a browser uses is not the one that the server listens at.
Set($CanonicalizeRedirectURLs, 1);

Set($DatabaseType, 'mysql');
Set($DatabaseHost, $ENV{RT_DB_HOST});
Set($DatabaseName, $ENV{RT_DB_NAME});
Set($DatabaseUser, $ENV{RT_DB_USER});
Set($DatabasePassword, $ENV{RT_DB_PASSWORD});

Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
# Mail goes to a file.
Set($MailCommand, 'mbox');

1;
