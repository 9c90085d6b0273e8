"""Word lists for invented facts, and the split of every list into a train and a test part.

Knows names of people, places, ships and things, and how to invent more of them. Does not know
what is said about them.

The split is by checksum: a name or value belongs to "test" for about one in five, for ever and
on every machine, whatever else is in the lists. The split "wild" is that of training with words of
no list among them: a model that has only met the lists copies the names it knows, and no others.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from functools import cache
from typing import Literal

Split = Literal["train", "test", "wild"]

WILD = 0.5
"""How often a word of the split "wild" is not drawn from its own list."""

_FIRST = """
Ada Adela Agnes Albert Alfred Alice Alma Ambrose Amelia Amos Andrew Angela Anita Anna Anthony
Arabella Archibald Arthur Astrid Aubrey Audrey August Aurelia Barbara Barnaby Basil Beatrice
Benedict Benjamin Bernard Bertha Bertram Bianca Blanche Boris Brenda Bridget Bruno Caleb Camilla
Carl Carlos Carmen Caroline Caspar Cecil Cecilia Celia Charles Charlotte Chloe Christine Clara
Clarence Claude Clement Clifford Conrad Constance Cora Cordelia Cornelius Crispin Cyril Cyrus
Daisy Daniel Daphne David Deborah Della Denis Derek Desmond Diana Dinah Dominic Donald Dora Doris
Dorothy Douglas Duncan Dwight Edgar Edith Edmund Edna Edward Edwin Effie Eileen Elaine Eleanor
Elias Elijah Elinor Elise Ellen Elmer Elsa Elsie Elvira Emil Emily Emma Enid Enoch Eric Ernest
Esme Estelle Esther Ethel Etta Eugene Eunice Eustace Eva Evan Evelyn Everett Ezra Fanny Faith
Felicity Felix Ferdinand Fiona Flora Florence Frances Francis Franklin Freda Frederick Gabriel
Gareth Gemma Geoffrey George Georgina Gerald Gertrude Gideon Gilbert Giles Gladys Gloria Godfrey
Gordon Grace Graham Gregory Greta Griffith Gustav Gwen Hannah Harold Harriet Harvey Hattie Hazel
Hector Helen Helga Henrietta Henry Herbert Herman Hester Hilda Hiram Homer Honora Horace Howard
Hubert Hugo Humphrey Ian Ida Ignatius Imogen Ines Ingrid Irene Iris Irma Isaac Isabel Isidore
Ivan Ivor Ivy Jacob James Jane Janet Jasper Jean Jemima Jerome Jessica Joan Jocelyn Joel Johanna
Jonas Jonathan Josephine Joshua Judith Julian Juliet Julius June Justin Karen Katherine Keith
Kenneth Kirsten Konrad Lambert Laura Laurence Lavinia Leah Leila Lena Leonard Leopold Leslie
Letitia Lewis Lilian Linda Lionel Lloyd Lorna Louis Louisa Lucas Lucinda Lucius Lucy Luther Lydia
Mabel Magnus Malcolm Marcus Margaret Maria Marian Marjorie Mark Martha Martin Matilda Matthew
Maud Maurice Maximilian Meredith Michael Mildred Millicent Minerva Miranda Miriam Mona Monica
Montague Morris Mortimer Moses Muriel Myra Myrtle Nadia Nancy Naomi Natalie Nathan Neville
Nicholas Nigel Nina Noah Noel Nora Norman Octavia Olga Olive Oliver Olivia Oscar Osmond Oswald
Otis Otto Owen Pamela Patience Patrick Paul Paula Pauline Pearl Penelope Percival Perry Peter
Philip Philippa Phoebe Phyllis Polly Priscilla Prudence Quentin Rachel Ralph Ramona Raymond
Rebecca Reginald Rhoda Richard Rita Robert Roderick Roger Roland Rosalind Rosamund Rose Rowena
Rufus Rupert Ruth Sabina Samson Samuel Sandra Sarah Saul Sebastian Selina Septimus Serena Sheila
Sibyl Sidney Sigmund Silas Silvia Simon Solomon Sophia Stanley Stella Stephen Susanna Sylvester
Tabitha Teresa Thaddeus Thelma Theodora Theodore Thomas Tobias Trevor Ursula Valentine Valerie
Vanessa Vera Vernon Veronica Victor Vincent Viola Violet Virgil Vivian Wallace Walter Wanda
Warren Wilbur Wilfred Wilhelmina William Winifred Yvonne Zachary Zelda Zoe
"""

_FAMILY = """
Abbot Ackroyd Adair Ainsley Alcott Alden Allard Ames Anstruther Appleby Arden Armitage Ashdown
Ashworth Atherton Atwood Ayres Babbage Bagshaw Bainbridge Baldwin Bancroft Barlow Barrow Bassett
Baxter Beckett Bellamy Benbow Bennett Bentley Beresford Bingham Birch Blackwood Blake Bligh Bloom
Boddington Bolton Boswell Bowen Bowles Bradshaw Bramley Brandt Braxton Bridger Briggs Bristow
Brock Bromley Brooke Brough Buckland Bulmer Burgess Burke Burnaby Burton Byrd Cadwell Calder
Callaghan Calvert Camden Carew Carlisle Carmody Carver Castle Chadwick Chalmers Chandler Chaplin
Chester Cholmondeley Clavering Clay Clegg Clifton Cobb Colby Cole Collier Compton Conway Cooper
Corbett Cotton Coverdale Crane Craven Crawford Croft Crosby Cullen Curtis Dalby Dalton Danvers
Darby Darling Dawson Deacon Denham Denning Dexter Digby Dixon Dobson Doyle Drake Draper Drummond
Dudley Dunbar Dunstan Durham Dwyer Dyson Eaton Eckert Edgerton Eldridge Ellery Ellis Elwood Emery
Endicott Ennis Erskine Everdene Ewing Fairfax Falconer Farley Farrow Faulkner Fenton Ferris
Fielding Finch Finley Fisher Fleming Flint Forbes Forester Fothergill Foxley Frost Fuller Gage
Galbraith Gannon Gardiner Garland Garrick Gaskin Gatsby Gaunt Gibbs Gilmore Glover Goddard Golding
Goodwin Gorman Grafton Granger Gray Greaves Greenleaf Grimshaw Grover Gulliver Hackett Hadley
Haines Halliday Hammond Hancock Harding Hargreave Harlow Harker Harrington Hastings Hathaway
Hawkins Hayward Heath Henley Hepburn Heron Hewitt Higgins Hobbs Hobhouse Holbrook Holcombe
Holloway Holt Hooper Horton Howell Hudson Hurst Huxley Ingham Ingram Irving Jarvis Jeffers Jessop
Jordan Joyce Judd Keane Keating Keats Kemble Kendrick Kershaw Kimball Kingsley Kirby Knapp Knox
Lacey Laidlaw Lambton Lancaster Lane Langley Larkin Latimer Lawton Leavis Lennox Leighton Lindsey
Linton Locke Lockwood Loftus Lombard Lovell Lowry Lucan Lyle Lynch Mabbott Maddox Maitland Mallory
Manning Marlow Marsden Marston Mason Maxwell Mayhew Meadows Mercer Merrick Merton Middleton
Milburn Mills Milton Minton Moffat Monroe Moody Morley Morrow Mostyn Mowbray Musgrave Nash Naylor
Neale Newbury Newton Nightingale Norris North Norwood Nugent Oakes Oakley Ogden Oldham Orchard
Ormond Osborne Otway Paget Palmer Pargeter Parrish Paxton Peabody Peck Pelham Pemberton Pendleton
Penrose Percy Perkins Petrie Phelps Pickering Pierce Pitt Plover Polk Porter Potter Powell
Prescott Prior Proctor Pryor Quayle Quincy Radcliffe Radley Ramsay Randall Ransome Rawlins Rayner
Redfern Reeves Reynard Rhodes Ridley Ripley Rivers Rochester Rodney Rooke Roper Rosewood Rowley
Ruskin Russell Ryder Sackville Salter Sanders Savage Sawyer Saxon Seaton Sedgwick Selby Sewell
Seymour Sharp Shaw Sheldon Sheridan Sherwood Sinclair Skelton Slade Snow Somers Spencer Spooner
Stafford Standish Stanton Stark Steele Sterling Stoddard Stokes Stratton Strickland Sutton Swift
Sykes Talbot Tanner Tate Tavener Teasdale Temple Thacker Thorne Thornton Thurlow Tilney Todd
Tolliver Townsend Tracey Travers Trent Tripp Tucker Turnbull Turner Tyndall Underhill Upton
Vance Vane Vaughan Verney Vickers Wadsworth Wainwright Wakefield Walden Waller Walsh Warburton
Ward Waring Warwick Waverley Webb Wedderburn Weldon Wentworth Westbrook Wharton Wheeler Whitby
Whitlock Wickham Wilder Wilkins Willoughby Winslow Winter Witherspoon Wolfe Woodhouse Woodruff
Worth Wren Wycliffe Wyndham Yardley Yates York
"""

_TITLES = (
    "Captain", "Doctor", "Mr.", "Mrs.", "Miss", "Professor", "Colonel", "Lady", "Judge", "Major",
    "Sister", "Father", "Uncle", "Aunt", "Inspector", "Madame",
)  # fmt: skip

_PLACE_HEADS = """
Al Ash Bar Beck Birch Black Bram Bright Brin Car Chal Clay Cold Cor Crow Dal Dar Deep Dun East
Eld Elm Fal Far Fern Fox Gal Glen Gold Gran Green Grim Had Hal Hart Haw Hazel Hex High Hol Iron
Kel Kes Kings Lam Lang Lark Leth Lin Lock Long Mal Mar Mel Mill Mor Nor North Oak Old Or Os Pen
Perl Quar Raven Red Ros Rush Sal Sand Sel Shel Silver Stan Stone Strat Tar Thorn Tor Ul Val Ven
Wal Wend West White Wil Win Wood Yar Yew
"""
_PLACE_TAILS = """
aby acre atch bank beck berry borough bourne bridge brook burn bury by combe cote croft dale den
dene don ea esk field fold ford gate ham hampton haven hill holm hurst ington lea leigh ley low
mead mere mont moor mouth ness over pool port ridge shaw side stead stoke stone stow thorpe ton
vale wade water well wick wold wood worth
"""

_WORDS: dict[str, str] = {
    "colour": "amber azure black blue bronze brown coral cream crimson emerald gold green grey "
    "indigo ivory lavender lilac lemon magenta maroon mauve mustard navy ochre olive orange peach "
    "pink plum purple red rose ruby rust saffron salmon sapphire scarlet silver tan teal "
    "turquoise umber vermilion violet white yellow",
    "animal": "badger bear beaver buffalo camel canary cat cheetah cobra crane crocodile crow "
    "deer dolphin donkey dove duck eagle eel elephant falcon ferret finch fox frog gazelle "
    "giraffe goat goose hare hawk hedgehog heron horse hyena jackal jaguar lamb leopard lion "
    "lizard lynx magpie mole monkey moose mouse mule newt otter owl ox panther parrot peacock "
    "pelican penguin pigeon pony rabbit raccoon rat raven robin salmon seal sheep snail sparrow "
    "spider squirrel stork swan tiger toad tortoise trout turkey turtle vulture walrus weasel "
    "whale wolf wombat zebra",
    "object": "anchor apron arrow axe bag ball barrel basin basket bell blanket boot bottle bowl "
    "box bracelet brick brooch broom brush bucket button candle cane card carpet chain chair "
    "chest clock cloak coat coin comb compass cork crown cup curtain dagger dice drum fan feather "
    "fiddle flag flask flute fork glove goblet hammer harp hat helmet hook horn jar jug kettle "
    "key knife ladder lamp lantern letter locket map mask medal mirror mug nail necklace needle "
    "oar pan pearl pen pencil pin pipe pistol plate pocket purse quill rake razor ribbon ring "
    "rope saddle saw scarf shawl shell shield shoe shovel slipper spade spear spoon stick stool "
    "sword table thimble torch towel trumpet trunk umbrella vase violin wallet watch wheel whip "
    "whistle",
    "food": "almonds apples apricots bacon barley beans beef beetroot biscuits bread broth butter "
    "cabbage cake carrots cheese cherries chestnuts chicken chocolate cider cream crumpets "
    "cucumber currants custard dates duck eggs figs garlic ginger grapes gravy ham herring honey "
    "jam leeks lemons lentils marmalade melon milk mushrooms mustard mutton nuts oats olives "
    "onions oranges oysters pancakes parsnips pastry peaches pears peas pepper pheasant pickles "
    "pie plums pork porridge potatoes prunes pudding quinces radishes raisins rice salmon "
    "sausages soup spinach stew strawberries tea toast tomatoes treacle trout turnips vinegar "
    "walnuts",
    "trade": "actor apothecary architect astronomer baker banker barber blacksmith bookbinder "
    "bookseller botanist brewer bricklayer butcher carpenter chemist clerk clockmaker coachman "
    "cobbler cook cooper dentist diver doctor draper engineer engraver farmer farrier ferryman "
    "fisherman florist gardener glazier goldsmith grocer gunsmith hatter hunter innkeeper "
    "jeweller joiner judge lawyer librarian locksmith mason merchant midwife miller miner "
    "musician nurse painter pilot plumber poet porter postman potter printer ranger sailor "
    "schoolmaster sculptor shepherd shoemaker singer soldier spinner surgeon surveyor tailor "
    "tanner teacher thatcher tinker trapper watchman weaver wheelwright",
    "material": "alder ash bamboo beech birch bone brass bronze cedar cherry chestnut clay copper "
    "coral ebony elm flint glass granite horn iron ivory jade lead leather limestone mahogany "
    "maple marble oak paper pewter pine porcelain quartz rosewood sandstone silver slate steel "
    "teak tin walnut wax willow yew zinc",
    "flower": "asters bluebells buttercups camellias carnations chrysanthemums clover cowslips "
    "crocuses daffodils dahlias daisies foxgloves gardenias geraniums heather hollyhocks "
    "hyacinths irises ivy jasmine larkspur lavender lilacs lilies lupins magnolias marigolds "
    "orchids pansies peonies petunias poppies primroses roses snowdrops sunflowers thistles "
    "tulips violets",
    "month": "January February March April May June July August September October November "
    "December",
    "quality": "able bitter bold brave brisk broken calm clever cold crooked dark distant dusty "
    "eager early empty faint fierce first frozen gentle giant golden grand great hidden hollow "
    "humble idle jolly keen last late lazy lonely lost lucky merry mighty noble old pale patient "
    "proud quick quiet rapid royal rusty sacred second secret sharp silent silver sleepy slow "
    "small solemn spotted steady stormy strange sudden sunny swift tall third tiny upper vast "
    "wandering wild wise",
    "site": "abbey academy arsenal attic bakery barn barracks brewery bridge cabin canal castle "
    "cathedral cave cellar cemetery chapel church cloister college cottage courthouse "
    "customs-house dairy dock dungeon factory farmhouse ferry forge fort foundry garden garret "
    "granary greenhouse harbour hospital hotel inn kitchen laboratory laundry library lighthouse "
    "mansion market mill mine monastery museum nursery observatory orchard palace pantry pavilion "
    "pier post-office prison quarry rectory school signal-box stable station storehouse tavern "
    "temple theatre tower tunnel vault vicarage villa warehouse well wharf windmill workshop",
    "sound": "ba bel cor da dra el fen gal ha is ka kor la lin lo ma mir na nor o per qua ra ri "
    "sa sel ta tir tu ul va ven vo xan ya zed zo",
}


_SOUNDS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl kn l m n p ph pl pr qu r s sc sh sk sl sm "
    "sn sp spr st str sw t th tr tw v w wh y z",
    "a e i o u ai au ea ee ei ia ie io oa oo ou y",
    "b ck ct d dge ff g ld ll lm ln lt m mb n nd ng nk nt p r rd rk rl rm rn rt s sk ss st t th x",
)
"""How a syllable of an invented word may begin, go on and end."""


def pick(rng: random.Random, kind: str, split: Split) -> str:
    """A word of a list, or for "wild" often one of another list or of none."""
    if split != "wild" or rng.random() >= WILD:
        return rng.choice(words(kind, split))
    name = kind in ("first", "family")

    def invent() -> str:
        known = rng.random() < 0.3
        word = rng.choice(words(rng.choice(sorted(_WORDS)), split)) if known else _invented(rng)
        return word.capitalize() if name else word

    return until_belongs(invent, split)


def _invented(rng: random.Random) -> str:
    """A word that could be one: "strindle", "oak", "phaurn"."""
    onsets, nuclei, codas = _sounds()
    parts = [
        ("" if rng.random() < 0.2 else rng.choice(onsets))
        + rng.choice(nuclei)
        + ("" if rng.random() < 0.5 else rng.choice(codas))
        for _ in range(rng.choice((1, 2, 2, 2, 3)))
    ]
    return "".join(parts)


@cache
def _sounds() -> tuple[list[str], ...]:
    return tuple(sounds.split() for sounds in _SOUNDS)


@cache
def words(kind: str, split: Split) -> tuple[str, ...]:
    """The words of a list that belong to `split`; never empty for the lists above."""
    listed = {"first": _FIRST, "family": _FAMILY, **_WORDS}[kind].split()
    chosen = tuple(word for word in listed if belongs(word, split))
    # Months and sounds are parts of values, and too few to be split.
    return tuple(listed) if kind in ("month", "sound") else chosen


def belongs(name: str, split: Split) -> bool:
    """Tell whether a name or value is in `split`."""
    return (zlib.crc32(name.encode()) % 5 == 0) == (split == "test")


def until_belongs(invent: Callable[[], str], split: Split) -> str:
    """Invent until the name falls in `split` (one in five does for "test")."""
    while not belongs(name := invent(), split):
        pass
    return name


def person(rng: random.Random, split: Split) -> str:
    """A person's name, now and then with a title in place of the first name."""
    family = pick(rng, "family", split)
    if rng.random() < 0.3:
        return f"{rng.choice(_TITLES)} {family}"
    return f"{pick(rng, 'first', split)} {family}"


def place(rng: random.Random, split: Split) -> str:
    """A place that is on no map, of two syllables or three: "Thornfield", "Old Marwick"."""
    heads, tails = _place_parts()
    if split == "wild" and rng.random() < WILD:
        return until_belongs(lambda: _invented(rng).capitalize(), split)
    return until_belongs(lambda: rng.choice(heads) + rng.choice(tails), split)


@cache
def _place_parts() -> tuple[list[str], list[str]]:
    return _PLACE_HEADS.split(), _PLACE_TAILS.split()
