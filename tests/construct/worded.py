"""Every question and sentence that a language's wording makes of the snapshot's facts."""

from collections import defaultdict
from collections.abc import Iterator

from mlake.construct.relations import read_relations
from mlake.construct.source import read_source
from mlake.construct.wording import Named, read_wording

ENDS = {"fr": (" ?", ".")}


def texts(lang: str) -> Iterator[tuple[str, str, str]]:
    """Every question and sentence: the mark that it must end with, the subject's name, the text."""
    source, wording, relations = read_source(None, [lang]), read_wording(lang), read_relations()
    ask, tell = ENDS.get(lang, ("?", "."))

    def named(entity: str) -> Named:
        one = source.entities[entity]
        return Named(entity, one.kind, one.labels[lang])

    facts = [
        one
        for one in source.claims
        if all(lang in source.entities[end].labels for end in (one.subject, one.object))
        and relations[one.relation].fits(*(source.entities[end].kind for end in (one.subject, one.object)))
    ]
    second = defaultdict(set)
    for one in facts:
        second[one.subject].add(one.relation)
    for one in facts:
        subject, relation = named(one.subject), one.relation
        yield ask, subject.name, wording.question(relation, subject)
        yield from ((ask, subject.name, text) for text in wording.paraphrases(relation, subject))
        yield tell, subject.name, wording.sentence(relation, subject, named(one.object))
        kind = source.entities[one.object].kind
        for hop in sorted(second[one.object]):
            yield ask, subject.name, wording.two_hop(relation, subject, hop, kind)
