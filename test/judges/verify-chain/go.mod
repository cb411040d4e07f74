module cakeless/judges/verify-chain

go 1.19
