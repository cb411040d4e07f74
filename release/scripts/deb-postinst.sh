case $1 in
  configure)
    reload_units
    restart_forwarder
    ;;
esac
