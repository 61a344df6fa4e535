/** Verbs and prepositions after which "what", "who" and "where" begin an embedded question, which is plain English. */
const ASKS =
  /\b(?:ask|say|tell|show|know|see|find|found|look up|decide|check|describe|explain|list|name|measure|define|determine|test|print|log|learn|note|notice|record|remember|forget|understand|choose|guess|report|state|told|knew|said|about|shown|decided|matter|from|to)(?:e?s|ing|e?d)?(?: (?:us|you|it|them|him|me|clients?|(?:the )?(?:user|reader|client|server)s?|also|only|exactly))?$/i;
/** Nouns and verbs after which "where" is a place. */
const PLACES =
  /\b(?:places?|folders?|points?|positions?|director(?:y|ies)|lines?|pages?|paths?|files?|spots?|locations?|index(?:es)?|rows?|columns?|sections?|tables?|countr(?:y|ies)|moments?|cases?|situations?|sources?|numbers?|objects?|arrays?|workers?|is|are|was)$/i;
/** A verb or subject after "what" or "who": the clause stands for a thing. */
const CLAUSE =
  '(?:is|was|are|were|has|had|have|does|did|do|can|cannot|could|may|might|must|will|would|should|it|they|he|she|we|you|one|nobody|somebody|the|a|an|its|their|this|that|these|those|each|others|comes?|came|goes|went|gets?|got|leaves?|left|arrives?|arrived|belongs|follows|remains|stays|happens?|happened|needs?|wants?|waits?|changes?|changed|looks?|asks?|knows?|shows?|says?|begins?|began|ends|stands|makes?|made|fails|holds|reads?|writes?|sends?|sent|returns|costs?)\\b';

const isQuestion = (sentence) => sentence.trimEnd().endsWith('?');

/** Each habit of PROSE: its name, and its offsets in a sentence. */
export const HABITS = [
  {
    name: 'fronted "Of"',
    find: (sentence) => matches(sentence, /(?:^|[;:] )(?:and |but )?of (?!course\b|late\b)/gi, 2),
  },
  {
    name: '"where" as a condition',
    find: (sentence) => (isQuestion(sentence) ? [] : conditions(sentence)),
  },
  {
    name: '"who/whoever/what" as a noun',
    find: (sentence) => (isQuestion(sentence) ? [] : nouns(sentence)),
  },
  { name: '"but for"', find: (sentence) => matches(sentence, /\bbut for\b(?! (?:every|each)\b)/gi) },
  { name: '"nobody/somebody"', find: (sentence) => matches(sentence, /\b(?:nobody|somebody)\b/gi) },
];

function matches(text, pattern, lead = 0) {
  return [...text.matchAll(pattern)].map(
    ({ index }) => index + (/^[;:] /.test(text.slice(index)) ? lead : 0),
  );
}

function conditions(sentence) {
  const found = /^(?:and |but )?where\b/i.test(sentence) && sentence.includes(',') ? [0] : [];
  const clause =
    /\bwhere (?:there|it|that|this|these|those|they|nothing|none|one|an?|the|all|no|any|each|we|you|possible|needed|necessary)\b/g;
  for (const { index } of sentence.matchAll(clause)) {
    const before = sentence.slice(0, index).replace(/[\s"'(]+$/, '');
    if (index > 0 && !PLACES.test(before) && !ASKS.test(before) && !/(?:^|[:;.])$/.test(before))
      found.push(index);
  }
  return found;
}

function nouns(sentence) {
  const found = [];
  for (const match of sentence.matchAll(
    new RegExp(`\\b(?:whoever|whatever|those (?:who|that|which)|what|who) (?=${CLAUSE})`, 'gi'),
  )) {
    const word = match[0].trim().toLowerCase();
    const before = sentence.slice(0, match.index).replace(/[\s"'(]+$/, '');
    if (word === 'what' ? !ASKS.test(before) : word !== 'who' || beginsClause(before))
      found.push(match.index);
  }
  return found;
}

/** Whether "who" has no noun before it to refer to. */
function beginsClause(before) {
  return (
    /(?:^|[.;:]|\b(?:and|but|or|that|than|if|when|for|with|by|of|as|because))$/i.test(before) &&
    !ASKS.test(before)
  );
}
