# What check.sh needs where a job runs in an image: a shell, git and the program.
FROM alpine:3
RUN apk add --no-cache coreutils git
COPY --from=ghcr.io/kdesk/contactsync:0.1.0 /contactsync /usr/local/bin/contactsync
