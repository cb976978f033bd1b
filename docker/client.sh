#!/bin/sh
# Lists the shares of a server, copies a file to it and back, and compares. Ends with 0 if all went well.
#   SERVER  its name or address                SHARE  a share to write to
#   USER_NAME, PASSWORD  who signs in
set -eu
: "${SERVER:=server}" "${SHARE:=public}" "${USER_NAME:=alice}" "${PASSWORD:=Secret123}"
export USER="$USER_NAME" PASSWD="$PASSWORD" # where smbclient reads them: no other process sees them
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
smbclient --option='disable netbios=yes' -g -L "//$SERVER"
date > sent.txt
smbclient -E "//$SERVER/$SHARE" -c 'put sent.txt try-server.txt; get try-server.txt back.txt; del try-server.txt; dir'
cmp sent.txt back.txt
echo "copied to //$SERVER/$SHARE and back"
