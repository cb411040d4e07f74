module cakeless.invalid/pause

go 1.19
