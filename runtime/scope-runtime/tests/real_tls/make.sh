#!/bin/sh
# Makes the certificates of real_tls.rs anew: an authority, a server `localhost`, one that is out of date, one of another name,
# a client, a stranger's authority.
set -eu
cd "$(dirname "$0")"
days=36500
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out sec1 && openssl pkcs8 -topk8 -nocrypt -in sec1 -out "$1" && rm sec1; }
for authority in authority stranger; do
    new_key $authority.key
    openssl req -x509 -new -key $authority.key -days $days -subj "/CN=scope tests $authority" -out $authority.pem \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
done
# signed NAME KEY HOST FROM UNTIL
signed() {
    openssl req -new -key "$2" -subj "/CN=$1" -out "$1.csr"
    printf 'subjectAltName=DNS:%s\nbasicConstraints=critical,CA:false\n' "$3" > extensions
    : > index
    printf '[ca]\ndefault_ca=here\n[here]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n' > ca
    openssl ca -batch -notext -config ca -cert authority.pem -keyfile authority.key -startdate "$4" -enddate "$5" \
        -extfile extensions -in "$1.csr" -out "$1.pem"
}
new_key server.key
new_key client.key
signed server server.key localhost 20200101000000Z 21200101000000Z
signed expired server.key localhost 20200101000000Z 20210101000000Z
signed elsewhere server.key elsewhere.example 20200101000000Z 21200101000000Z
signed client client.key localhost 20200101000000Z 21200101000000Z
rm -f ./*.csr ./*.srl extensions index* ca ./[0-9A-F]*.pem authority.key stranger.key
