const Base = require('./jest-environment.cjs');
const { readFileSync, appendFileSync } = require('node:fs');
const B = Base.default ?? Base.TestEnvironment ?? Base;
const cpu = () => { const f = readFileSync('/proc/self/stat','utf8').split(') ')[1].split(' '); return { self: Number(f[11])+Number(f[12]), kids: Number(f[13])+Number(f[14]) }; };
module.exports = class extends B {
  constructor(config, context) { super(config, context); this.p = context.testPath; }
  async setup() { this.t0 = cpu(); this.w0 = Date.now(); await super.setup(); }
  async teardown() { await super.teardown(); const t = cpu(); appendFileSync('/tmp/wc-cpu.log', `${((t.self-this.t0.self)/100).toFixed(2)} ${((t.kids-this.t0.kids)/100).toFixed(2)} ${((Date.now()-this.w0)/1000).toFixed(1)} ${this.p.replace(/.*\/wt-cold\//,'')}\n`); }
};
