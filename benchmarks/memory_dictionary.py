"""Makes the dictionary that ships with ``forethought.memory``: what short English chat has in common.

    python benchmarks/memory_dictionary.py      # writes src/forethought/memory/data/chat.dictionary

The texts are filled-in patterns of everyday talk, written for this, and this project's own documentation. No
conversation of anybody and no data set is in it. The same seed makes the same file with the same zstd.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from forethought.memory.frames import zstd
from forethought.storage import write_bytes

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "src" / "forethought" / "memory" / "data" / "chat.dictionary"
TEXTS, BYTES = 6_000, 40 * 1024

SLOTS = {
    "hi": "Hey|Hi|Hello|Hey there|Good morning|Good to see you|Hi again|Oh wow|Wow|Thanks|Thank you so much"
    "|Thanks a lot"
    "|Yeah|Yes|No|Sure|Of course|Definitely|Absolutely|Totally|I agree|Exactly|Oh no|I'm sorry to hear that|Congrats"
    "|Congratulations|That's great|That's awesome|That's amazing|That sounds great|Sounds like fun|Sounds good"
    "|Cool|Nice",
    "who": "my mom|my dad|my sister|my brother|my friend|my partner|my wife|my husband|my daughter|my son|the kids"
    "|my family|my boss|a friend of mine|my colleague|my neighbor|my grandma|my teacher|my team|some friends"
    "|the doctor",
    "did": "went to|visited|finished|started|found|bought|made|tried|watched|read|joined|signed up for|talked about"
    "|worked on|learned about|thought about|heard about|helped with|planned|enjoyed|loved|missed|painted|cooked|wrote",
    "ing": "going to|visiting|finishing|starting|looking for|buying|making|trying|watching|reading|joining|working on"
    "|learning about|thinking about|talking about|planning|looking forward to|taking care of|getting ready for",
    "what": "a new job|the beach|the park|a movie|a book|a concert|the gym|a class|a new recipe|my project|the report"
    "|the garden|a trip|the mountains|the museum|a birthday party|the meeting|a game|an old photo|my car|the house"
    "|a dog|a cat|the office|school|dinner|lunch|the restaurant|a song|some music|the weekend|a vacation|the hospital"
    "|a walk|camping|hiking|swimming|painting|cooking|running|volunteering|a support group|the community|the workshop",
    "when": "yesterday|today|tomorrow|last week|last weekend|last month|last year|next week|next month|this morning"
    "|this weekend|last night|two days ago|a few weeks ago|a while ago|on Monday|on Friday|on Saturday|on Sunday"
    "|in January|in February|in March|in April|in May|in June|in July|in August|in September|in October|in November"
    "|in December|last summer|since then|recently|lately|right now|every day|one day|soon|at the moment|these days",
    "feel": "great|awesome|amazing|really good|happy|excited|proud|a bit tired|nervous|stressed|so much fun|wonderful"
    "|relaxing|challenging|difficult|beautiful|important to me|special|inspiring|interesting|worth it|hard|tough",
    "tell": "What about you?|How about you?|How are you?|How have you been?|What's up?|What's new?|How was it?"
    "|What happened?|What do you think?|Have you tried it?|Do you have any plans?|Tell me more!"
    "|Can't wait to hear more!"
    "|Let me know!|Keep me posted!|Take care!|See you soon!|Talk to you later!|Good luck!|You got this!|Have fun!"
    "|Is there anything else?|Could you help me with that?|Can you explain it?|What kind of|When did you|Where did you"
    "|Why did you|How long have you been|How did you get into|Any tips?|What's your favorite?|I'm here for you.",
    "i": "I|We|They|She|He|My friends and I",
}
PATTERNS = [
    "{hi}! {tell}",
    "{hi}, it's been a while! {tell}",
    "{hi}! I {did} {what} {when} and it was {feel}!",
    "{i} {did} {what} with {who} {when}. It was {feel}.",
    "I've been {ing} {what} {when}. It's been {feel}.",
    "I'm {ing} {what} {when} with {who}. I can't wait!",
    "{hi}! How was {what}? {tell}",
    "It makes me feel {feel}. I'm so glad that {who} was there for me.",
    "{hi}! I'm really looking forward to {what}. It's going to be {feel}.",
    "That must have been {feel}! {tell}",
    "I didn't know that you {did} {what}. {tell}",
    "I don't think that's the right thing to do, but I want to try {what} {when}.",
    "It's important to take time for yourself. {ing} {what} really helps me.",
    "You're right, it's all about having fun and spending time with {who}. {tell}",
    "I used to live in another city, but I moved here {when} because of {what}.",
    "{hi}! I've been thinking about {what} {when}, and I would love to do something with {who}.",
    "Could you please send me the details about {what}? I need them {when}.",
    "Here is what I would do: first, check {what}; then ask {who} about it; after that, we can talk about the rest.",
    "I hope that you're doing well. I just wanted to let you know that {what} is {feel}.",
    "My favorite is {what}, because it reminds me of {who}. {tell}",
    "Here's a photo of {what} that I took {when}. {tell}",
    "If you want to, we could go to {what} together {when}. What do you think?",
    "I'll be there {when}. There are a lot of people who would like to come, too.",
    "It's not easy, but with the help of {who} I was able to get through it. Thanks for your support!",
]


def main() -> None:
    """Trains the dictionary and writes it."""
    rng = random.Random(6)
    texts = [filled(rng) for _ in range(TEXTS)]
    pages = [*ROOT.glob("docs/*.md"), ROOT / "README.md"]
    texts += [
        part for page in sorted(pages) for part in re.split(r"\n\s*\n", page.read_text("utf-8")) if len(part) < 600
    ]
    trained = zstd.train_dict([text.encode() for text in texts], BYTES)
    write_bytes(OUTPUT, trained.dict_content)
    print(f"{OUTPUT}: {len(trained.dict_content):,} bytes from {len(texts):,} texts")


def filled(rng: random.Random) -> str:
    """A turn of one or two patterns, filled in."""
    text = " ".join(rng.sample(PATTERNS, rng.choice((1, 1, 2))))
    return re.sub(r"\{(\w+)\}", lambda slot: rng.choice(SLOTS[slot[1]].split("|")), text)


if __name__ == "__main__":
    main()
