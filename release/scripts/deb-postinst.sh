case $1 in
  configure) reload_units ;;
esac
