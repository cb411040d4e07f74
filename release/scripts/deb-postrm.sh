case $1 in
  remove) reload_units ;;
  purge) remove_traces ;;
esac
