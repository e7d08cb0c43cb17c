import ts from 'typescript';
import { expect, test } from 'vitest';
import { clientScript } from '../../../simulator/show/html/client/script.js';

test("TypeScript finds nothing wrong in the page's script, with the DOM's types", () => {
  const name = '/client-script.js';
  const options: ts.CompilerOptions = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: false,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const source = ts.createSourceFile(name, clientScript(), ts.ScriptTarget.ES2022, true);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (path, version) => (path === name ? source : readSource(path, version));
  const program = ts.createProgram([name], options, host);
  const problems = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start = 0 }) => {
    const line = file === undefined ? '' : file.text.slice(0, start).split('\n').length;
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')} in: ${file?.text.split('\n')[Number(line) - 1]}`;
  });
  expect(problems).toEqual([]);
}, 120_000);
