/** The RBAC as shipped is enough, and none of it can be left out. */
import { parseAllDocuments, stringify } from 'yaml';
import { untilTrue } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { REFUSED, SIGNERS } from './api.ts';
import type { Forwarder } from './forwarder.ts';
import type { KubeletProgram } from './kubelet-program.ts';
import { createCsr } from './make-csr.ts';
import { WORKER, workerNamed } from './plan.ts';
import { FORWARDER_USER, type Setting } from './setting.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

interface Role {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: Rule[];
}

export const RIGHTS_CHECKS = [
  'the RBAC as shipped is enough for everything',
  'each verb and each signer that is taken away breaks something',
  "it may not approve clients' CSRs, and nothing else",
];

/** What a forwarder does with its rights, by name. Each is true within seconds, or not at all. */
interface Probe {
  readonly name: string;
  readonly works: () => Promise<boolean>;
}

const PROBE_MS = 8000;
/** Rights are not what a forwarder waits for when it starts again: by then it was ready with them. */
const READY_MS = 60_000;

export async function checkRights(
  check: Check,
  setting: Setting,
  worker: KubeletProgram,
): Promise<void> {
  const shipped = await setting.rbac();
  const roles = parseAllDocuments(shipped).map((document): Role => document.toJS());
  await check('the RBAC as shipped is enough for everything', async () => {
    const broken = await brokenWith(setting, worker, roles, READY_MS);
    if (broken) throw new Error(broken);
    return `${roles.flatMap(({ rules = [] }) => rules).length} rules`;
  });
  await check('each verb and each signer that is taken away breaks something', async () => {
    const lines = [];
    try {
      for (const { without, all } of reduced(ofCsrs(roles))) {
        const broken = await brokenWith(setting, worker, all, PROBE_MS);
        if (!broken) throw new Error(`without ${without}, everything works`);
        lines.push(`${without}: ${broken}`);
      }
    } finally {
      await setting.applyRbac(shipped);
    }
    return lines.join('; ');
  });
  await check("it may not approve clients' CSRs, and nothing else", async () => {
    const signers = { group: 'certificates.k8s.io', resource: 'signers', verb: 'approve' };
    for (const name of [SIGNERS.client, SIGNERS.user])
      await setting.api.mayNot(FORWARDER_USER, { ...signers, name });
    for (const [verb, resource] of [
      ['create', 'certificatesigningrequests'],
      ['delete', 'certificatesigningrequests'],
      ['list', 'secrets'],
      ['get', 'secrets'],
      ['create', 'pods'],
      ['patch', 'nodes'],
      ['impersonate', 'users'],
    ] as const)
      for (const group of ['', 'certificates.k8s.io'])
        await setting.api.mayNot(FORWARDER_USER, { group, resource, verb });
    return `${FORWARDER_USER}: the API server allows none of them`;
  });
}

/** What the forwarder lists for rotations, and does without: a forwarder of this test has no node whose CA files it keeps. */
const isOfRotations = ({ verbs }: Rule) => verbs.join() === 'list';

/** Without the rights for rotations: those in other namespaces are for their ConfigMaps. */
const ofCsrs = (roles: readonly Role[]): Role[] =>
  roles
    .filter(({ kind, metadata }) => kind !== 'Role' || metadata.namespace === 'default')
    .map((role) =>
      role.rules ? { ...role, rules: role.rules.filter((rule) => !isOfRotations(rule)) } : role,
    );

/** The roles without one verb of one rule, or without one of its resourceNames. */
function reduced(roles: readonly Role[]): { without: string; all: Role[] }[] {
  return roles.flatMap((role, i) =>
    (role.rules ?? []).flatMap((rule, j) => {
      const change = (changed: Partial<Rule>) =>
        roles.map((other, k) =>
          k === i
            ? {
                ...other,
                rules: (other.rules ?? []).map((r, l) => (l === j ? { ...r, ...changed } : r)),
              }
            : other,
        );
      const what = rule.resources.join();
      const names = rule.resourceNames ?? [];
      return [
        ...rule.verbs.map((verb) => ({
          without: `${verb} ${what}`,
          all: change({ verbs: rule.verbs.filter((other) => other !== verb) }),
        })),
        ...(names.length > 1 ? names : []).map((name) => ({
          without: `${rule.verbs.join()} ${name}`,
          all: change({ resourceNames: names.filter((other) => other !== name) }),
        })),
      ];
    }),
  );
}

/** @returns the first thing that does not work with these roles; undefined if everything does */
const brokenWith = (
  setting: Setting,
  worker: KubeletProgram,
  roles: readonly Role[],
  limitMs: number,
): Promise<string | undefined> =>
  withRoles(setting, roles, (forwarder) => firstBroken(setting, worker, forwarder, limitMs));

async function withRoles<T>(
  setting: Setting,
  roles: readonly Role[],
  body: (forwarder: Forwarder) => Promise<T>,
): Promise<T> {
  // an empty list of verbs is not valid
  const valid = roles.map((role) =>
    role.rules ? { ...role, rules: role.rules.filter(({ verbs }) => verbs.length > 0) } : role,
  );
  await setting.applyRbac(valid.map((role) => stringify(role)).join('---\n'));
  const forwarder = await setting.startForwarder();
  try {
    return await body(forwarder);
  } finally {
    await forwarder.stop('SIGKILL');
  }
}

async function firstBroken(
  setting: Setting,
  worker: KubeletProgram,
  forwarder: Forwarder,
  limitMs: number,
): Promise<string | undefined> {
  for (const probe of probes(setting, worker, forwarder)) {
    const works = await untilTrue(probe.name, probe.works, limitMs).then(
      () => true,
      () => false,
    );
    if (!works) return probe.name;
  }
  return undefined;
}

let round = 0;

/** Each starts with its first call. */
function probes(setting: Setting, worker: KubeletProgram, forwarder: Forwarder): Probe[] {
  round += 1;
  const { api } = setting;
  const once = (make: () => Promise<string>) => {
    let name: Promise<string> | undefined;
    return () => {
      name ??= make();
      return name;
    };
  };
  const issued = (make: () => Promise<string>) => {
    const name = once(make);
    return async () => (await api.csr(await name())).status.certificate !== undefined;
  };
  const asWorker = async (names: string[]) => {
    const own = setting.apiOf(worker);
    const subject = `/O=system:nodes/CN=system:node:${WORKER.name}`;
    const made = await createCsr(own, setting.folder, { signer: 'serving', subject, names });
    own.close();
    return made.csr.metadata.name;
  };
  const refused = once(() => asWorker([`DNS:${WORKER.name}`, 'IP:10.96.0.1']));
  /** When the Event of the refusal was written last, in whole seconds; empty without one. */
  const renewedAt = async () => {
    const { metadata } = await api.csr(await refused());
    const events = await api.events(metadata.uid);
    const event = events.find(({ reason }) => reason === 'CertificateRefused');
    return event?.deprecatedLastTimestamp ?? '';
  };
  const restarted = once(async () => {
    const before = await renewedAt();
    await forwarder.kill();
    await forwarder.ready(READY_MS);
    return before;
  });
  return [
    { name: 'it is ready', works: async () => (await forwarder.health('/readyz')).status === 200 },
    {
      name: "a kubelet's client certificate is issued",
      works: issued(async () => {
        await setting.invent(workerNamed(`rights-${round}`));
        const all = await api.csrs({ username: setting.bootstrapUser });
        return all.at(-1)?.metadata.name ?? '';
      }),
    },
    {
      name: "a kubelet's serving certificate is issued",
      works: issued(() => asWorker([`DNS:${WORKER.name}`, `IP:${WORKER.address}`])),
    },
    {
      name: "a user's certificate is issued",
      works: issued(async () => {
        const plan = { signer: 'user', subject: `/CN=jane-${round}` } as const;
        const { csr } = await createCsr(api, setting.folder, plan);
        await api.approve(csr.metadata.name);
        return csr.metadata.name;
      }),
    },
    {
      name: 'a refusal is annotated',
      works: async () =>
        (await api.csr(await refused())).metadata.annotations?.[REFUSED] !== undefined,
    },
    {
      name: 'a refusal has an Event',
      works: async () => {
        const { metadata } = await api.csr(await refused());
        return (await api.events(metadata.uid)).some(
          ({ reason }) => reason === 'CertificateRefused',
        );
      },
    },
    {
      // a forwarder finds the rejection again when it starts
      name: 'a refusal that is repeated renews its Event',
      works: async () => {
        const before = await restarted();
        return (await renewedAt()) > before;
      },
    },
    // without a watch, it lists again and again
    {
      name: 'it stays ready',
      works: async () => (await forwarder.health('/readyz')).status === 200,
    },
  ];
}
