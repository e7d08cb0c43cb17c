import {
  Composer,
  type Document,
  type DocumentOptions,
  Lexer,
  LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
} from 'yaml';

/** How deep YAML may be nested. A pod in a list of lists is some 25 deep, a policy less. */
export const maximumYamlDepth = 100;

/** What is said of YAML that is nested deeper. */
export const yamlDepthProblem = `nested more than ${maximumYamlDepth} deep`;

/** What of the library's options may be chosen. */
export type YamlOptions = Pick<ParseOptions, 'uniqueKeys'> &
  Pick<DocumentOptions, 'version'> &
  Pick<SchemaOptions, 'customTags'>;

/**
 * The documents of a text, and what is wrong with their syntax, each with its line. Throws an Error if it is
 * nested more than `maximumYamlDepth` deep.
 */
export function composeYaml(text: string, options: YamlOptions = {}) {
  const lineCounter = new LineCounter();
  const composer = new Composer({ ...options, lineCounter, prettyErrors: false });
  const documents: Document[] = [...composer.compose(boundedTokens(text, lineCounter))];
  const place = (offset: number, message: string): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}: ${message}`;
  };
  const problems = documents.flatMap(({ errors, warnings }) =>
    [...errors, ...warnings].map(({ message, pos }) => place(pos[0], message)),
  );
  return { documents, problems, place };
}

/**
 * The library's next step calls itself for each level, and Node ends at once, with nothing to catch, if the
 * stack runs out within a regular expression: so what is nested too deep never gets there.
 */
function* boundedTokens(text: string, lineCounter: LineCounter) {
  lineCounter.addNewLine(0);
  const parser = new Parser(lineCounter.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > maximumYamlDepth) throw new Error(yamlDepthProblem);
  }
  yield* parser.end();
}
