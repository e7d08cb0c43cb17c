import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openRelease, release } from './debian.mjs';
import { collectModules } from './modules.mjs';
import { hasCommand, labDirectory } from './paths.mjs';
import { progress, run, SetupError } from './run.mjs';

/** Raised when the layout of the lab changes, so that an old lab is built anew. */
const layoutVersion = 1;
const stampText = `${JSON.stringify({ layoutVersion, release })}\n`;
const rootPackages = ['virtiofsd', 'libc6', 'libgcc-s1', 'libcap-ng0', 'libseccomp2', 'busybox-static'];
const mountPoints = ['proc', 'dev', 'sys', 'tmp', 'run', 'share', 'sock', 'etc', 'mnt'];

export function labIsMissing() {
  try {
    return readFileSync(join(labDirectory(), 'stamp.json'), 'utf8') !== stampText;
  } catch {
    return true;
  }
}

function unpackPackage(path, target) {
  mkdirSync(target, { recursive: true });
  const unpacked = run('dpkg', ['-x', path, target], { timeoutSeconds: 120 });
  if (!unpacked.ok)
    throw new SetupError(`can't unpack ${path}: ${unpacked.output}`, 'check the free disk space');
}

/** Debian's programs expect /lib, /lib64, /bin and /sbin to be the same as those under /usr. */
function mergeUsr(root) {
  for (const name of ['lib', 'lib64', 'bin', 'sbin']) {
    const outer = join(root, name);
    const inner = join(root, 'usr', name);
    mkdirSync(inner, { recursive: true });
    if (existsSync(outer) && lstatSync(outer).isDirectory()) {
      cpSync(outer, inner, { recursive: true, verbatimSymlinks: true });
      rmSync(outer, { recursive: true });
    }
    symlinkSync(join('usr', name), outer);
  }
}

/** A container's root: virtiofsd with its libraries, and busybox as its shell. */
function buildRoot(packagePaths, root) {
  for (const path of packagePaths) unpackPackage(path, root);
  mergeUsr(root);
  for (const name of mountPoints) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['', 'usr', ...mountPoints]) chmodSync(join(root, name), 0o755);
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/:/bin/sh\nlab:x:107:107::/:/bin/sh\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nlab:x:107:\n');
  const busybox = join(root, 'usr', 'bin', 'busybox');
  for (const name of ['sh', 'cat', 'sleep', 'ls', 'id']) {
    if (!existsSync(join(root, 'usr', 'bin', name))) symlinkSync('busybox', join(root, 'usr', 'bin', name));
  }
  for (const needed of [busybox, join(root, 'usr', 'libexec', 'virtiofsd')]) {
    if (!existsSync(needed))
      throw new SetupError(`the packages of ${release} lack ${needed.slice(root.length)}`);
  }
}

/** The guest's kernel and modules, taken out of the package: it is never installed on this machine. */
function buildGuest(kernelPackage, unpacked, guest) {
  unpackPackage(kernelPackage, unpacked);
  const kernel = readdirSync(join(unpacked, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  const modulesRoot = [join(unpacked, 'usr', 'lib', 'modules'), join(unpacked, 'lib', 'modules')].find(
    existsSync,
  );
  if (!kernel || !modulesRoot) throw new SetupError(`no kernel in ${kernelPackage}`);
  mkdirSync(guest, { recursive: true });
  renameSync(join(unpacked, 'boot', kernel), join(guest, 'vmlinuz'));
  collectModules(modulesRoot, guest);
}

function removeAbandonedBuilds(lab) {
  const parent = dirname(lab);
  const isBuild = (name) => name.startsWith(`${basename(lab)}.build-`);
  for (const name of readdirSync(parent).filter(isBuild))
    rmSync(join(parent, name), { recursive: true, force: true });
}

/** Puts the finished lab in place in one step: a half-built one never has a name that anybody reads. */
function putInPlace(build, lab) {
  rmSync(lab, { recursive: true, force: true });
  renameSync(build, lab);
}

/** Fetches what the real runs need into the lab directory. */
export async function prepareLab(options) {
  if (process.arch !== 'x64') throw new SetupError(`the lab is for x86-64, this is ${process.arch}`);
  if (process.getuid?.() !== 0)
    throw new SetupError('the lab needs root: its files belong to root in the container');
  for (const command of ['apt-get', 'dpkg', 'xz']) {
    if (!hasCommand(command))
      throw new SetupError(`the lab needs ${command}`, 'run this on Debian 12 or newer');
  }
  const lab = labDirectory();
  removeAbandonedBuilds(lab);
  // A name of its own: an apt-get of a prepare that was killed may still be writing to the former one.
  const build = `${lab}.build-${process.pid}`;
  const scratch = join(build, 'scratch');
  try {
    progress(options, `fetching virtiofsd and a guest kernel from Debian ${release}`);
    const apt = await openRelease(join(scratch, 'apt'));
    const kernelName = await apt.dependencyOf('linux-image-cloud-amd64', /linux-image-\d\S*-cloud-amd64/);
    const rootPaths = await apt.download(rootPackages);
    const [kernelPath] = await apt.download([kernelName]);
    progress(options, 'unpacking the container root and the guest');
    buildRoot(rootPaths, join(build, 'rootfs'));
    buildGuest(kernelPath, join(scratch, 'kernel'), join(build, 'guest'));
    rmSync(scratch, { recursive: true, force: true });
    writeFileSync(join(build, 'stamp.json'), stampText);
    putInPlace(build, lab);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
}
