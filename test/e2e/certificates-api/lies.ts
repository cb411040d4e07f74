/**
 * Anyone who can write to the exchange bucket can put any bytes there. A forwarder writes none of these into the API, where
 * nothing could take them back.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless, until } from '../../support/until.ts';
import { Forger, type Forgery } from '../control-plane/forger.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import { type Api, type Csr, pemOf } from './api.ts';
import type { KubeletProgram } from './kubelet-program.ts';
import { createCsr } from './make-csr.ts';
import { addressesOf, register } from './nodes.ts';
import { WORKER, workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

interface Lie {
  /** `a certificate …` */
  readonly what: string;
  readonly signer: 'client' | 'serving';
  /** What is in the bucket instead of the certificate. */
  readonly told: (at: LieSite) => Promise<string>;
}

interface LieSite {
  readonly node: string;
  readonly keyFile: string;
  readonly forge: (changes: Partial<Forgery> & { readonly ca?: string }) => Promise<string>;
  /** The certificate that the service issued. */
  readonly truth: string;
  readonly folder: string;
}

/** Everything else about a lie is as it should be. */
const LEAF = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
const CLIENT = [...LEAF, 'extendedKeyUsage=clientAuth'];
const SERVING = [...LEAF, 'extendedKeyUsage=serverAuth'];

const LIES: readonly Lie[] = [
  {
    what: 'for another key',
    signer: 'client',
    told: async ({ forge, folder }) => {
      const keyFile = join(folder, 'another.key');
      await mustRun(['openssl', 'genpkey', '-algorithm', 'RSA', '-out', keyFile]);
      return forge({ keyFile });
    },
  },
  {
    what: 'for another node',
    signer: 'client',
    told: ({ forge }) => forge({ subject: `/O=system:nodes/CN=system:node:${WORKER.name}` }),
  },
  {
    what: 'with system:masters',
    signer: 'client',
    told: ({ forge, node }) => forge({ subject: `/O=system:masters/CN=system:node:${node}` }),
  },
  {
    what: 'with a name that is not in the CSR',
    signer: 'client',
    told: ({ forge }) => forge({ extensions: [...CLIENT, 'subjectAltName=DNS:kubernetes'] }),
  },
  {
    what: 'for servers, too',
    signer: 'client',
    told: ({ forge }) => forge({ extensions: [...LEAF, 'extendedKeyUsage=clientAuth,serverAuth'] }),
  },
  {
    what: 'of a CA',
    signer: 'client',
    told: ({ forge }) =>
      forge({ extensions: ['basicConstraints=critical,CA:TRUE', ...CLIENT.slice(1)] }),
  },
  { what: 'that has expired', signer: 'client', told: ({ forge }) => forge({ days: 0 }) },
  {
    what: 'that another CA of the trust domain signed',
    signer: 'client',
    told: ({ forge }) => forge({ ca: 'front-proxy-ca' }),
  },
  {
    what: 'that a CA with the same name signed',
    signer: 'client',
    told: (at) => signedByNamesake(at),
  },
  {
    what: 'and a private key',
    signer: 'client',
    told: async ({ truth, folder }) => {
      const file = join(folder, 'leaked.key');
      await mustRun(['openssl', 'genpkey', '-algorithm', 'RSA', '-out', file]);
      return `${truth}${await mustRun(['cat', file])}`;
    },
  },
  {
    what: 'and another certificate',
    signer: 'client',
    told: async ({ truth, forge }) => `${truth}${await forge({ subject: '/CN=another' })}`,
  },
  { what: 'that is not PEM', signer: 'client', told: async () => 'not a certificate\n' },
  {
    what: 'without a name of the CSR',
    signer: 'serving',
    told: ({ forge }) => forge({ ca: 'kubelet-ca', extensions: SERVING }),
  },
  {
    what: 'with the address of the API server',
    signer: 'serving',
    told: ({ forge, node }) =>
      forge({
        ca: 'kubelet-ca',
        extensions: [...SERVING, `subjectAltName=DNS:${node},IP:${ADDRESS},IP:10.96.0.1`],
      }),
  },
  {
    what: 'for serving that ca signed',
    signer: 'serving',
    told: ({ forge, node }) =>
      forge({ extensions: [...SERVING, `subjectAltName=DNS:${node},IP:${ADDRESS}`] }),
  },
];

const NEVER = LIES.map(({ what }) => `a certificate ${what} is not written`);
const TRUTH = 'the true certificate is written once the bucket tells the truth';
export const LIE_CHECKS = [...NEVER, TRUTH];

interface Victim {
  readonly csr: Csr;
  readonly keyFile: string;
  readonly node: string;
}

export async function checkLies(check: Check, setting: Setting): Promise<void> {
  const victims = new Map<string, Lie & Victim>();
  const lies = new Map<string, Promise<string>>();
  let known: () => void = () => undefined;
  const allKnown = new Promise<void>((done) => {
    known = done;
  });
  const forger = new Forger(setting.service.dataDir, join(setting.folder, 'lies'));
  const kubelets = await Promise.all(
    LIES.map(({ signer }, i) => (signer === 'serving' ? loggedIn(setting, nodeOf(i)) : undefined)),
  );
  setting.exchange.lie = async ({ path }, body) => {
    const isIssued = path.includes('/csr/') && path.split('?')[0]?.endsWith('.crt');
    if (!isIssued) return body;
    await allKnown;
    const victim = [...victims].find(([uid]) => path.includes(uid))?.[1];
    if (!victim) return body;
    const site = siteOf(setting, forger, victim, body.toString());
    const { uid } = victim.csr.metadata;
    const told = lies.get(uid) ?? victim.told(site);
    lies.set(uid, told);
    return Buffer.from(await told);
  };
  try {
    for (const [i, lie] of LIES.entries()) {
      const victim = await makeVictim(setting, lie, nodeOf(i), kubelets[i]);
      victims.set(victim.csr.metadata.uid, { ...lie, ...victim });
    }
    known();
    for (const [i, { csr }] of [...victims.values()].entries())
      await check(NEVER[i] ?? '', () => notWritten(setting.api, csr));
  } finally {
    known();
    setting.exchange.lie = undefined;
  }
  await check(TRUTH, async () => {
    const [first] = victims.values();
    const { name } = first?.csr.metadata ?? { name: '' };
    await setting.api.issued(name, 240_000);
    return name;
  });
}

const nodeOf = (number: number) => workerNamed(`lied-to-${number}`);
const ADDRESS = '10.20.1.40';

/** A serving CSR has to come from the node itself. */
async function loggedIn(setting: Setting, node: string): Promise<KubeletProgram> {
  const kubelet = setting.kubelet(node, []);
  await kubelet.certificate('client', 60_000);
  await register(setting, kubelet, addressesOf(node, ADDRESS));
  return kubelet;
}

async function makeVictim(
  setting: Setting,
  { signer }: Lie,
  node: string,
  kubelet: KubeletProgram | undefined,
): Promise<Victim> {
  const api = kubelet ? setting.apiOf(kubelet) : setting.bootstrapApi();
  const names = kubelet ? { names: [`DNS:${node}`, `IP:${ADDRESS}`] } : {};
  const subject = `/O=system:nodes/CN=system:node:${node}`;
  const made = await createCsr(api, setting.folder, { signer, subject, ...names });
  api.close();
  return { ...made, node };
}

function siteOf(
  setting: Setting,
  forger: Forger,
  { node, keyFile, signer }: Victim & Lie,
  truth: string,
): LieSite {
  const folder = join(setting.folder, 'lies');
  const right = {
    subject: `/O=system:nodes/CN=system:node:${node}`,
    keyFile,
    extensions: signer === 'client' ? CLIENT : SERVING,
    days: 1,
  };
  const forge: LieSite['forge'] = ({ ca = 'ca', ...changes }) =>
    forger.make(setting.first.file(`pki/${ca}.crt`), { ...right, ...changes });
  return { node, keyFile, forge, truth, folder };
}

async function signedByNamesake({ folder, keyFile, node }: LieSite): Promise<string> {
  const at = (name: string) => join(folder, name);
  const ca = [
    '-newkey',
    'rsa:2048',
    '-noenc',
    '-keyout',
    at('namesake.key'),
    '-subj',
    '/CN=kubernetes',
  ];
  await mustRun(['openssl', 'req', '-x509', ...ca, '-days', '1', '-out', at('namesake.crt')]);
  writeFileSync(at('namesake.ext'), CLIENT.join('\n'));
  const subject = `/O=system:nodes/CN=system:node:${node}`;
  await mustRun(['openssl', 'req', '-new', '-key', keyFile, '-subj', subject, '-out', at('n.csr')]);
  const signer = ['-CA', at('namesake.crt'), '-CAkey', at('namesake.key'), '-set_serial', '7'];
  return mustRun([
    ...['openssl', 'x509', '-req', '-in', at('n.csr'), '-days', '1', ...signer],
    ...['-extfile', at('namesake.ext')],
  ]);
}

/** The forwarder has seen it, and says so. */
async function notWritten(api: Api, { metadata: { name, uid } }: Csr): Promise<string> {
  const event = await until(
    'the Event',
    async () => {
      const { status } = await api.csr(name);
      if (status.certificate) throw new Hopeless(`it was written: ${pemOf(status.certificate)}`);
      return (await api.events(uid)).find(({ note }) => note?.includes('was not written'));
    },
    90_000,
  );
  const { status } = await api.csr(name);
  if (status.certificate) throw new Error('it was written');
  return event.note?.replace(/^.*was not written: /, '') ?? '';
}
