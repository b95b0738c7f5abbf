#!/bin/sh
# Makes the certificates of real_tls.rs anew: an authority, a server `localhost`, a client, a stranger's authority.
set -eu
cd "$(dirname "$0")"
days=36500
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out sec1 && openssl pkcs8 -topk8 -nocrypt -in sec1 -out "$1" && rm sec1; }
for authority in authority stranger; do
    new_key $authority.key
    openssl req -x509 -new -key $authority.key -days $days -subj "/CN=scope tests $authority" -out $authority.pem \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
done
for name in server client; do
    new_key $name.key
    openssl req -new -key $name.key -subj "/CN=$name" -out $name.csr
    printf 'subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:false\n' > extensions
    openssl x509 -req -in $name.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days $days \
        -extfile extensions -out $name.pem
done
rm -f ./*.csr ./*.srl extensions authority.key stranger.key
