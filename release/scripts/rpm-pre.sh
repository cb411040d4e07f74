# 1: installation, 2: upgrade
if [ "$1" -gt 1 ]; then wait_for_renewal; fi
