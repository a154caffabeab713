"""English words that say that something changed, was put right or is only supposed; values by their kind."""

from __future__ import annotations

import re

from forethought.memory.when import MONTHS, WEEKDAYS


def any_of(words: str) -> re.Pattern[str]:
    """What finds any of some words, lower case; "_" is a space, "~" one word or none."""
    told = "|".join(words.split()).replace("~", r"(?:\w+ )?").replace("_", " ")
    return re.compile(rf"\b(?:{told})\b")


DAYS = " ".join([*(f"{day}s?" for day in WEEKDAYS), *MONTHS])
OVER = any_of(r"""
no_longer no_more not_any_?more not_any_longer any_?more any_longer never_again used_to is_over are_over gone
""")
NOW = any_of(
    "now nowadays currently presently already these_days at_the_moment at_present as_of from_now_on since_then"
)
SINCE = any_of(
    r"(?:from|starting|beginning|effective|as_of|since|until_further)_"
    rf"(?:now|today|tomorrow|tonight|next|this|the_\d+|{DAYS.replace(' ', '|')})"
)
RIGHT = any_of(r"""
instead rather_than in_place_of after_all in_the_end turns_out turned_out changes?_of_plans? scrap scratch forget ignore
disregard correction corrected update sorry(?!_(?:to|for|about)) oops whoops my_mistake my_bad mistaken mixed_up misread
wrong misremembered i_meant make_that should_have_been actually on_second_thoughts? apologies typo decided_against
changed_(?:my|our|his|her|their)_minds?
""")
"""What puts something right."""
CHANGE = any_of(r"""
chang\w+ switch\w* swap\w* replac\w+ renam\w+ mov(?:ed|es|ing) shift\w* reschedul\w+ rearrang\w+ postpon\w+
push(?:ed)?_~(?:back|to|out) br(?:ought|ing)_~forward extend\w* delay\w* updat\w+ upgrad\w+ downgrad\w+ migrat\w+
transfer\w+ relocat\w+ convert\w* bec[ao]m\w+ turned_(?:in)?to (?:went|gone)_(?:up|down|over) (?:up|down|back)_to
rais\w+ lower\w+ increas\w+ decreas\w+ dropp?\w* cut bump\w* upped reduc\w+ doubl\w+ halv\w+ trimm\w+ rose fell
put_~(?:up|down|off|back) slipp\w+ reassign\w+ rotat\w+ hand(?:ed)?_~over t(?:ook|aken|aking)_over
pass(?:ed)?_~(?:on_)?to
""")
END = any_of(r"""
quit left leav(?:e|ing) stopp\w+ finish\w+ ended cancel\w+ s[oe]ld? lost los(?:e|ing) br(?:oke|eak|oken|eaking)_up
split(?:ting)? divorc\w+ retir\w+ resign\w+ step\w*_down g[ia]ven?_~(?:up|back) gave g[oe]t(?:ting)?_rid
thr[eo]w\w*_~(?:out|away) ditch\w* clos(?:ed|ing) shut died pass(?:ed)?_away fired sacked laid_off expired? declin\w+
withdr\w+ kick\w*_out dump\w* return\w+ delet\w+ remov\w+ f[ae]ll(?:en)?_through out_of_business bust bankrupt
broken? stolen? unsubscrib\w+ dropp\w+ abandon\w+ retract\w+ revok\w+ disband\w+ decommission\w+ deprecat\w+ off_the
fully_booked sold_out dissolv\w+ call(?:ed)?_~off
""")
UNSURE = any_of(r"""
if unless whether suppose supposing in_case should would could might may maybe perhaps wish\w* want\w* hop\w+ dream\w*
imagin\w+ thinking wonder\w* consider\w* plan\w* propos\w+ suggest\w+ ask\w* offer\w* thought_about talk_of rumou?r\w*
apparently heard someone somebody says? said claims? reckons? thinks? almost nearly tempted declin\w+ refus\w+
turned_~down
""")
"""What somebody wants, supposes or heard."""
PAST = any_of(r"""
used_to last_(?:year|week|month|summer|winter|time) ago back_then back_in when_i_was once previously before_that
as_a_(?:kid|child) in_(?:19|20)\d\d yesterday remember_when
""")
TIMES = any_of(rf"""
{DAYS} noon midnight morning evening afternoon tonight tomorrow o'clock am pm week month spring summer autumn winter
half_past quarter \d+[:.]\d\d \d+(?:st|nd|rd|th|am|pm) (?:at|to|until|till|by|from|on|before|after|the)_\d[\d:.]*
""")
NUMBERS = any_of(r"""
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen twenty thirty forty fifty sixty
hundred thousand half quarter dozen single first second third fourth fifth sixth seventh \w*\d[\w.,:]*
""")
PLACES = re.compile(r"\b(?:in|at|on|under|behind|near|inside|to|by|from|with|next to)\s+(?:(?:the|a|my|our)\s+)?(\w+)")
