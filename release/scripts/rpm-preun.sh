# 0: removal, 1: upgrade
if [ "$1" -eq 0 ]; then stop_units; fi
