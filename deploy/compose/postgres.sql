-- Run once by the image, as the superuser, when it has made the cluster. Waybill's own user has one database and no more
-- rights than those of its owner.
\set password `cat /run/secrets/postgres-password`
CREATE ROLE waybill LOGIN PASSWORD :'password';
CREATE DATABASE waybill OWNER waybill ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE waybill FROM PUBLIC;
