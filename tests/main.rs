mod kdesk;
