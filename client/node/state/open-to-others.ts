const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Whether a mode lets others than the owner take away or change what is there. In a sticky folder such as /tmp others
 * can make files, and not take the owner's away.
 */
export const isOpenToOthers = (mode: number): boolean =>
  (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
