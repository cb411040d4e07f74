/**
 * A duration as kubeadm has printed residual times since 1.30 (k8s.io/apimachinery pkg/util/duration, HumanDuration):
 * two to three digits, `<invalid>` if the time is up.
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  const [minutes, hours] = [Math.trunc(seconds / 60), Math.trunc(seconds / 3600)];
  const [days, years] = [Math.trunc(hours / 24), Math.trunc(hours / 24 / 365)];
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return `${minutes}m${rest(seconds % 60, 's')}`;
  if (minutes < 3 * 60) return `${minutes}m`;
  if (hours < 8) return `${hours}h${rest(minutes % 60, 'm')}`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return `${days}d${rest(hours % 24, 'h')}`;
  if (years < 2) return `${days}d`;
  return years < 8 ? `${years}y${rest(days % 365, 'd')}` : `${years}y`;
}

const rest = (count: number, unit: string) => (count === 0 ? '' : `${count}${unit}`);
