import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, runWithRetries, SetupError } from './run.mjs';

/** The oldest Debian release that has the Rust virtiofsd as a package. */
export const release = 'trixie';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The mirror that this machine uses itself: only there do we know that we may and can fetch. */
function mirrorUri() {
  const format = '$(REPO_URI) $(COMPONENT)';
  const targets = run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const uris = targets.stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([uri, component]) => component === 'main' && /\/debian\/?$/.test(uri ?? ''))
    .map(([uri]) => uri);
  if (uris.length === 0) {
    throw new SetupError(
      'no Debian mirror among the apt sources of this machine',
      'run this on Debian 12 or newer',
    );
  }
  return uris[0];
}

/** Options that give apt a state of its own, so that the machine's package state is untouched. */
function aptOptions(stateDirectory) {
  const settings = {
    'Dir::State': join(stateDirectory, 'state'),
    'Dir::State::status': join(stateDirectory, 'status'),
    'Dir::State::Lists': join(stateDirectory, 'lists'),
    'Dir::Cache': join(stateDirectory, 'cache'),
    'Dir::Etc::sourcelist': join(stateDirectory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Acquire::Languages': 'none',
    // Downloads as root into a folder that the user _apt can't write would warn at every file.
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** An apt of its own for one release; `download` returns the paths of the fetched packages. */
export async function openRelease(stateDirectory) {
  for (const folder of ['state', 'lists/partial', 'cache/archives/partial', 'packages']) {
    mkdirSync(join(stateDirectory, folder), { recursive: true });
  }
  writeFileSync(join(stateDirectory, 'status'), '');
  const source = `deb [arch=amd64 signed-by=${keyring}] ${mirrorUri()} ${release} main\n`;
  writeFileSync(join(stateDirectory, 'sources.list'), source);
  const options = aptOptions(stateDirectory);
  const remedy = `check that this machine reaches its Debian mirror and that it has ${release}`;
  // Without the error mode, apt-get update is content with a mirror that doesn't answer.
  const update = ['-qq', ...options, '-o', 'APT::Update::Error-Mode=any', 'update'];
  await runWithRetries('apt-get', update, { timeoutSeconds: 180, remedy });
  return {
    async dependencyOf(name, pattern) {
      const shown = await runWithRetries('apt-cache', [...options, 'depends', name], { remedy });
      const found = pattern.exec(shown.stdout)?.[0];
      if (!found) throw new SetupError(`${name} of ${release} depends on nothing like ${pattern}`, remedy);
      return found;
    },
    async download(names) {
      const cwd = join(stateDirectory, 'packages');
      await runWithRetries('apt-get', ['-qq', ...options, 'download', ...names], {
        cwd,
        timeoutSeconds: 300,
        remedy,
      });
      return readdirSync(cwd)
        .filter((file) => names.some((name) => file.startsWith(`${name}_`)))
        .map((file) => join(cwd, file));
    },
  };
}
