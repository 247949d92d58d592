module cafs-peer

go 1.20
