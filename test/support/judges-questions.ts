/** The questions that a judge decides about a certificate, and its judgements. */
import type { Judge } from './judges-programs.ts';

/** Does this certificate chain to one of these roots, for this use and these names? All texts are PEM. */
export type ChainItem = {
  name: string;
  /** The certificate. What follows it in the same text counts as intermediates, as in a file that a server loads. */
  certificate: string;
  roots: string;
  intermediates?: string;
  usage: 'serverAuth' | 'clientAuth' | 'any';
  dnsNames?: string[];
  ips?: string[];
  /** OpenSSL also trusts a root that is not self-signed, as Go does, and curl and Python 3.13 ask it to. */
  partialChain?: boolean;
  /** Without `-x509_strict` of OpenSSL, which refuses some existing CA certificates, whatever they signed. */
  lenient?: boolean;
  /** The time to judge at; now by default. */
  at?: Date;
};

export type Judgement = { name: string; judge: Judge; ok: boolean; message: string };
