case $1 in
  upgrade) wait_for_renewal ;;
  remove) stop_timer ;;
esac
