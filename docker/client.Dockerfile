# A client for docker/compose.yaml: Samba's smbclient, told to speak SMB1, and a script that tries a server with it.
ARG DEBIAN_IMAGE=debian:bookworm-slim
FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends smbclient \
 && rm -rf /var/lib/apt/lists/* \
 && printf '[global]\nclient min protocol = NT1\nclient max protocol = NT1\n' > /etc/samba/smb.conf
# smbclient keeps a cache at home, and complains of one that is not there.
RUN usermod --home /tmp nobody
COPY docker/client.sh /usr/local/bin/try-server
RUN chmod 755 /usr/local/bin/try-server
USER nobody
WORKDIR /tmp
CMD ["try-server"]
