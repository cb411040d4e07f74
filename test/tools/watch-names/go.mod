module cakeless.invalid/watch-names

go 1.19
