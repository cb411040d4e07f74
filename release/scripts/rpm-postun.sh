if [ "$1" -eq 0 ]; then remove_traces; else reload_units; fi
