case $1 in
  upgrade) wait_for_renewal ;;
  # dpkg asks the new package when the old one has refused, and continues if this one does not
  failed-upgrade) refuse_during_renewal ;;
  remove) stop_units ;;
esac
